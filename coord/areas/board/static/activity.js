// Pictures over time: from the timeline's spans locks held, waits, what was fought over, who did how much; from the journal how often what happened.

import { useFilter } from "./filter.js";
import { href, setParams, usePlace } from "./location.js";
import { exact, duration, now } from "./time.js";
import { Lengths, useSpans, viewOf } from "./timeline.js";
import { useAnswer } from "./past.js";
import { Empty, ProjectLink, Rows, SessionLink, Text, html, useMemo } from "./ui.js";

const BUCKETS = 60;
const [WIDTH, HEIGHT] = [600, 120];
const MAX_ROWS = 15;
const DAY_MS = 86_400_000;
const FOLLOWS_EVERY_MS = 15_000;

const startOf = (span) => Date.parse(span.since);
const endOf = (span) => (span.until === null ? now() : Date.parse(span.until));
const isHeld = (span) => span.style === "solid" || span.style === "light";
const secondsOf = (span) => (endOf(span) - startOf(span)) / 1000;

/** How many locks were held at once, at most, in each bucket. */
export function heldOver(spans, view) {
  const ends = (span) => (span.until === null ? [] : [[endOf(span), -1]]);
  const changes = spans.filter(isHeld).flatMap((span) => [[startOf(span), 1], ...ends(span)]);
  changes.sort((one, other) => one[0] - other[0] || one[1] - other[1]); // what is released and claimed at once is held once
  let [held, at] = [0, 0];
  const upTo = (moment) => {
    let most = held;
    for (; at < changes.length && changes[at][0] <= moment; at += 1) {
      held += changes[at][1];
      most = Math.max(most, held);
    }
    return most;
  };
  upTo(view.since);
  return Array.from({ length: BUCKETS }, (_, bucket) => upTo(view.since + ((bucket + 1) * view.length) / BUCKETS));
}

/** The value that so large a share of the sorted numbers does not exceed. */
export const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** Seconds waited by the claims that began to wait in each bucket, sorted. */
export function waitsOver(spans, view) {
  const buckets = Array.from({ length: BUCKETS }, () => []);
  for (const span of spans.filter((each) => each.style === "hatched")) {
    buckets[Math.floor(((startOf(span) - view.since) * BUCKETS) / view.length)]?.push(secondsOf(span));
  }
  return buckets.map((waits) => waits.sort((a, b) => a - b));
}

/** The folder of a path, two steps deep; of anything else, itself. */
export function folderOf(resource) {
  const steps = resource.replaceAll("\\", "/").split("/");
  return steps.length === 1 ? resource : `${steps.slice(0, Math.min(2, steps.length - 1)).join("/")}/`;
}

const isRefused = (span) => span.ending === "refused";
const REFUSED_S = 60; // a refusal is told of at most once a minute, and weighs as much as a wait of that minute

/** What was waited for longest or refused most, by folder. */
export function heat(spans) {
  const folders = new Map();
  for (const span of spans.filter((each) => each.style === "hatched" || isRefused(each))) {
    const name = folderOf(span.text);
    const folder = folders.get(name) ?? { name, project: span.project_key, waits: 0, refused: 0, seconds: 0, weight: 0 };
    if (isRefused(span)) folder.refused += 1;
    else [folder.waits, folder.seconds] = [folder.waits + 1, folder.seconds + secondsOf(span)];
    folder.weight = folder.seconds + REFUSED_S * folder.refused;
    folders.set(name, folder);
  }
  return [...folders.values()].sort((a, b) => b.weight - a.weight).slice(0, MAX_ROWS);
}

/** How it was fought over, in words. */
function fights({ waits, refused }) {
  const parts = [waits > 0 && (waits === 1 ? "1 wait" : `${waits} waits`), refused > 0 && (refused === 1 ? "refused once" : `refused ${refused} times`)];
  return parts.filter(Boolean).join(", ");
}

export function bySession(spans) {
  const sessions = new Map();
  for (const span of spans) {
    const session = sessions.get(span.session_id) ?? { name: span.session_id, locks: 0, waits: 0, seconds: 0 };
    if (isHeld(span)) session.locks += 1;
    if (span.style === "hatched") [session.waits, session.seconds] = [session.waits + 1, session.seconds + secondsOf(span)];
    sessions.set(span.session_id, session);
  }
  return [...sessions.values()].sort((a, b) => b.locks - a.locks || b.seconds - a.seconds).slice(0, MAX_ROWS);
}

export function Activity() {
  const { params } = usePlace();
  const fits = useFilter();
  const view = viewOf(params);
  const timeline = useSpans(view, params.project);
  const spans = useMemo(
    () => timeline.spans.filter((span) => fits(span.project_key, span.session_id, span.text) && startOf(span) < view.since + view.length && endOf(span) > view.since),
    [timeline.spans, fits.key, params.since, params.until],
  );
  const waits = waitsOver(spans, view);
  const all = waits.flat().sort((a, b) => a - b);
  const held = heldOver(spans, view);
  const iso = (ms) => new Date(ms).toISOString();
  const round = view.follows ? FOLLOWS_EVERY_MS : 1; // a new read only as often as the timeline's
  const since = Math.floor(view.since / round) * round;
  const counted = useAnswer("/board/counts", { since: iso(since), until: view.follows ? undefined : iso(view.since + view.length), project_key: params.project });
  const counts = counted.answer?.items ?? [];
  const choose = (seconds) => setParams({ since: String(seconds), until: "" });
  return html`<main id="main" tabindex="-1" class="page">
    <nav aria-label="Where you are"><a href=${href([], { project: params.project })}>Board</a> <span aria-hidden="true">/</span> <span class="quiet">activity</span></nav>
    <header><h1>Activity</h1><div class="actions">
      <${Lengths} view=${view} choose=${choose} />
      <a href=${href(["timeline"], params)}>Timeline</a>
    </div></header>
    <p class="quiet">${exact(view.since)} to ${view.follows ? "now" : exact(view.since + view.length)}${timeline.complete ? "" : "; more happened than is shown at once, this is the newest"}</p>
    ${timeline.problem && html`<p class="problem" role="alert">${timeline.problem}</p>`}
    ${counted.problem && html`<p class="problem" role="alert">${counted.problem}</p>`}
    <div class="sections charts">
      <${Chart} view=${view} title="Locks held" lines=${[["held", held]]} says=${`at most ${Math.max(...held)} at once`} />
      <${Chart} view=${view} title="Waits begun" lines=${[["waits", waits.map((each) => each.length)]]} says=${`${all.length} in all`} />
      <${Chart} view=${view} title="Seconds waited" lines=${[["p50", waits.map((each) => quantile(each, 0.5))], ["p95", waits.map((each) => quantile(each, 0.95))]]}
        says=${all.length === 0 ? "nobody waited" : `half of them at most ${duration(quantile(all, 0.5))}, 95 % at most ${duration(quantile(all, 0.95))}`} />
      ${counts.map((each) => html`<${Chart} key=${each.title} view=${view} title=${each.title} lines=${[["count", each.buckets]]} says=${`${each.total} in all`} />`)}
    </div>
    <div class="sections">
      ${counts.filter((each) => each.total > 0).map((each) => html`<${Shares} key=${each.title} of=${each} />`)}
      <section class="panel" aria-labelledby="heat"><h2 id="heat">Fought over</h2><${Heat} of=${heat(spans)} /></section>
      <section class="panel" aria-labelledby="by-session"><h2 id="by-session">By session</h2><${Sessions} of=${bySession(spans)} /></section>
    </div>
  </main>`;
}

/** Lines over time; the same in words below the title, the highest value and the times at the axes. */
function Chart({ title, lines, says, view }) {
  const highest = Math.max(1, ...lines.flatMap(([, values]) => values));
  const pathOf = (values) => values.map((value, at) => `${at ? "L" : "M"}${(at * WIDTH) / (BUCKETS - 1)} ${HEIGHT - (value * HEIGHT) / highest}`).join("");
  const moment = (share) => exact(view.since + share * view.length, { named: false }).slice(view.length > DAY_MS ? 5 : 11, -3);
  return html`<section class="panel" aria-label=${title}><h2>${title} <span class="count">${says}</span>
      ${lines.length > 1 && html`<span class="keys quiet">${lines.map(([name]) => html`<span class=${`key ${name}`}>${name}</span> `)}</span>`}</h2>
    <div class="chart"><span class="quiet">${Math.round(highest)}</span>
      <svg viewBox=${`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" role="img" aria-label=${`${title}: ${says}`}>
        ${lines.map(([name, values]) => html`<path class=${name} d=${pathOf(values)} />`)}
      </svg>
      <p class="axis quiet"><span>${moment(0)}</span><span>${moment(0.5)}</span><span>${view.follows ? "now" : moment(1)}</span></p>
    </div>
  </section>`;
}

/** Whose it was: by project and by session. */
function Shares({ of }) {
  const rows = [
    ...of.by_project.map((each) => ({ ...each, who: html`<${ProjectLink} project=${each.name} />`, kind: "project" })),
    ...of.by_session.map((each) => ({ ...each, who: html`<${SessionLink} id=${each.name} />`, kind: "session" })),
  ];
  const id = `shares-${of.title}`;
  return html`<section class="panel" aria-labelledby=${id}><h2 id=${id}>${of.title} by project and session</h2>
    <${Rows} items=${rows} keyOf=${(each) => `${each.kind} ${each.name}`} label=${`${of.title} by project and session`} row=${(each) => html`<div class="heat">
      <span class="name">${each.who}</span>
      <span class="progress"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="in_progress" width=${(100 * each.count) / of.total} height="8" /></svg><span>${each.count}</span></span>
      <span class="count quiet">${each.kind}</span>
    </div>`} />
  </section>`;
}

function Heat({ of }) {
  if (of.length === 0) return html`<${Empty}>Nobody waited for a lock, or was refused one.</${Empty}>`;
  const heaviest = Math.max(...of.map((folder) => folder.weight));
  return html`<${Rows} items=${of} keyOf=${(folder) => folder.name} label="Fought over" row=${(folder) => html`<div class="heat">
    <span class="name"><a href=${href(["timeline"], { project: folder.project, q: folder.name })}><${Text} of=${folder.name} cut=${120} /></a></span>
    <span class="progress"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="blocked" width=${(100 * folder.weight) / heaviest} height="8" /></svg><span>${folder.waits > 0 && duration(folder.seconds)}</span></span>
    <span class="count quiet">${fights(folder)}</span>
  </div>`} />`;
}

function Sessions({ of }) {
  if (of.length === 0) return html`<${Empty}>No activity.</${Empty}>`;
  return html`<${Rows} items=${of} keyOf=${(session) => session.name} label="By session" row=${(session) => html`<div class="heat">
    <span class="name"><${SessionLink} id=${session.name} /></span>
    <span class="progress">${session.locks === 1 ? "1 lock" : `${session.locks} locks`}</span>
    <span class="count quiet">${session.waits === 0 ? "never waited" : `waited ${session.waits === 1 ? "once" : `${session.waits} times`}, ${duration(session.seconds)}`}</span>
  </div>`} />`;
}
