// The timeline: who held and waited for what, scrolled back to any moment that is kept; and the list of one moment.

import { call } from "./api.js";
import { useFilter } from "./filter.js";
import { href, setParams, usePlace } from "./location.js";
import { Past } from "./past.js";
import { useStore } from "./store.js";
import { clock, exact, now } from "./time.js";
import { AXIS, barAt, colours, draw, labels, layOut } from "./timeline_drawing.js";
import { Empty, ProjectLink, Rows, SessionLink, State, Text, Time, html, useEffect, useMemo, useRef, useState } from "./ui.js";

const LENGTHS_S = [["1 h", 3600], ["6 h", 6 * 3600], ["24 h", 86400], ["7 d", 7 * 86400], ["30 d", 30 * 86400]];
const MIN_MS = 10_000;
const MAX_MS = 100 * 86_400_000;
const FAR_MS = 36_500 * 86_400_000;
const ZOOM = 1.5;
const LEAST_HEIGHT = 320; // px
const BESIDE = 330; // px of the window that are above and below the drawing
const FOLLOWS_EVERY_MS = 15_000;
const AGAIN_AFTER_MS = 3000;

/** A moment that a link names; null where it is none, or so far away that nothing can be drawn of it. */
function momentOf(text) {
  const moment = Date.parse(text ?? "");
  return Math.abs(moment - now()) <= FAR_MS ? moment : null;
}

const drawable = (length) => Math.min(Math.max(length, MIN_MS), MAX_MS);

/** What is seen, from the URL: `until` is missing while it follows the present. */
export function viewOf({ since, until }) {
  const [begin, end] = [momentOf(since), momentOf(until)];
  if (begin !== null && end !== null && begin < end) {
    const length = drawable(end - begin);
    return { since: end - length, length, follows: false };
  }
  const length = drawable(Number.parseInt(since, 10) * 1000 || 6 * 3600 * 1000);
  return { since: now() - length, length, follows: true };
}

const iso = (ms) => new Date(ms).toISOString();

/** How much of the time up to now is looked at. */
export function Lengths({ view, choose }) {
  const isChosen = (seconds) => view.follows && view.length === seconds * 1000;
  return LENGTHS_S.map(
    ([name, seconds]) => html`<button type="button" class="plain" key=${name} aria-pressed=${isChosen(seconds)} onClick=${() => choose(seconds)}>${name}</button>`,
  );
}

/** The spans around what is seen, read anew when it leaves them. One read at a time; the latest wish counts. */
export function useSpans(view, project) {
  const [timeline, setTimeline] = useState({ spans: [], since: 0, until: 0, complete: true, problem: "", loaded: false, project });
  const wanted = useRef(null);
  const reading = useRef(false);
  const inside = timeline.project === project && view.since >= timeline.since && view.since + view.length <= timeline.until && (timeline.complete || view.length > (timeline.until - timeline.since) / 4);
  const read = async () => {
    if (reading.current) return;
    reading.current = true;
    while (wanted.current) {
      const { since, until, of } = wanted.current;
      wanted.current = null;
      try {
        const query = { since: iso(since), until: until < now() ? iso(until) : undefined, project_key: of };
        const answer = await call({ path: "/board/timeline", query });
        setTimeline({ spans: answer.items, since, until, complete: answer.complete, problem: "", loaded: true, project: of });
      } catch (error) {
        setTimeline((was) => ({ ...was, problem: error.message, loaded: true }));
      }
    }
    reading.current = false;
  };
  const ask = () => {
    wanted.current = { since: view.since - view.length, until: view.since + 2 * view.length, of: project };
    read();
  };
  useEffect(() => {
    if (!inside) ask();
  }, [inside, project, timeline.since, timeline.until]);
  useEffect(() => {
    if (!timeline.problem) return undefined;
    const timer = setTimeout(ask, AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [timeline]);
  useEffect(() => {
    if (!view.follows) return undefined;
    const timer = setInterval(() => !document.hidden && ask(), FOLLOWS_EVERY_MS);
    return () => clearInterval(timer);
  }, [view.follows, view.length, project]);
  return timeline;
}

export function Timeline() {
  const { params } = usePlace();
  useStore(clock);
  const fits = useFilter();
  const [dragged, setDragged] = useState(null); // what is seen while a hand moves it; the URL follows when it rests
  const view = dragged ?? viewOf(params);
  const timeline = useSpans(view, params.project);
  const spans = useMemo(() => timeline.spans.filter((span) => fits(span.project_key, span.session_id, span.text)), [timeline.spans, fits.key]);
  const settle = (next) => {
    setDragged(null);
    setParams(next.follows ? { since: String(Math.round(next.length / 1000)), until: "" } : { since: iso(next.since), until: iso(next.since + next.length) }, { replace: true });
  };
  const move = (share) => settle({ ...view, since: view.since + share * view.length, follows: false });
  const zoom = (factor) => settle(zoomed(view, factor, 0.5));
  const at = momentOf(params.at);
  return html`<main id="main" tabindex="-1" class="page wide">
    <nav aria-label="Where you are"><a href=${href([], { project: params.project })}>Board</a> <span aria-hidden="true">/</span> <span class="quiet">timeline</span></nav>
    <header><h1>Timeline</h1><div class="actions">
      <${Lengths} view=${view} choose=${(seconds) => settle({ length: seconds * 1000, follows: true })} />
      <a href=${href(["activity"], { ...params, at: "" })}>Activity</a>
      <button type="button" class="plain" onClick=${() => move(-0.5)} aria-label="Earlier">←</button>
      <button type="button" class="plain" onClick=${() => move(0.5)} aria-label="Later">→</button>
      <button type="button" class="plain" onClick=${() => zoom(1 / ZOOM)} aria-label="Zoom in">+</button>
      <button type="button" class="plain" onClick=${() => zoom(ZOOM)} aria-label="Zoom out">−</button>
    </div></header>
    <div class="sections">
      <section class="panel" aria-labelledby="drawn"><h2 id="drawn">${exact(view.since, { named: false })} to ${view.follows ? "now" : exact(view.since + view.length)}
        <span class="count">${spans.length}</span></h2>
        ${timeline.problem && html`<p class="problem" role="alert">${timeline.problem}</p>`}
        ${!timeline.complete && html`<p class="pad quiet">There is more than can be drawn at once: this is the newest. Zoom in, or choose a project.</p>`}
        ${timeline.loaded && spans.length === 0 && html`<${Empty}>Nobody held or waited for anything then${fits.any ? " that fits the filter" : ""}.</${Empty}>`}
        <${Drawing} spans=${spans} view=${view} at=${at} moved=${setDragged} settle=${settle} choose=${(moment) => setParams({ at: iso(moment) })} />
        <p class="legend pad quiet"><span class="bar solid"></span> held <span class="bar light"></span> held shared <span class="bar hatched"></span> waited
          <span class="bar asking"></span> waited for a human <span class="bar limited"></span> rate-limited <span class="bar idle"></span> idle
          <span>◆ gone, or released by force</span> <span>▲ stale, refused, or waited in vain</span> <span>| expired, ended</span></p>
      </section>
      ${at !== null && html`<${Moment} spans=${spans} at=${at} /><${Past} at=${at} project=${params.project} fits=${fits} />`}
    </div>
  </main>`;
}

/** `share`: of the width, the moment that stays where it is. */
function zoomed(view, factor, share) {
  const length = drawable(view.length * factor);
  if (view.follows) return { ...view, since: now() - length, length };
  return { ...view, since: view.since + share * (view.length - length), length };
}

/** Of the drawing, so that what is said about a bar stays in sight below it. */
const tallest = () => Math.max(LEAST_HEIGHT, innerHeight - BESIDE);

function Drawing({ spans, view, at, moved, settle, choose }) {
  const box = useRef(null);
  const canvas = useRef(null);
  const state = useRef({});
  const [width, setWidth] = useState(900);
  const [described, setDescribed] = useState("");
  const laidOut = useMemo(() => layOut(spans, now()), [spans]);
  Object.assign(state.current, { view, at, laidOut, width, moved, settle, choose });
  const height = Math.min(tallest(), laidOut.height + AXIS + 2);

  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.round(entry.contentRect.width)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => hands(box.current, canvas.current, state.current, setDescribed), []);
  useEffect(() => {
    const frame = requestAnimationFrame(() => paint(canvas.current, box.current, state.current, height));
    return () => cancelAnimationFrame(frame);
  });
  const label = `${spans.length} bars of ${laidOut.rows.length} sessions. Arrow keys move, plus and minus zoom, Enter lists the middle.`;
  return html`<div class="timeline" ref=${box}>
      <div class="tall" ref=${(element) => element && (element.style.height = `${laidOut.height + AXIS + 2}px`)}>
        <canvas ref=${canvas} tabindex="0" role="img" aria-label=${label}></canvas></div>
    </div>
    <p class="said pad" aria-live="off">${described || html`<span class="quiet">${hint()}</span>`}</p>`;
}

const hint = () =>
  matchMedia("(hover: none)").matches
    ? "Tap to list a moment. Drag to pan, + and − zoom."
    : "Hover over a bar for details; click to list that moment. Drag to pan, Ctrl and the wheel to zoom.";

function viewIn(state, box, height) {
  return { ...state.view, now: now(), at: state.at, width: state.width, height, scrolled: box.scrollTop, ratio: devicePixelRatio || 1 };
}

function paint(canvas, box, state, height) {
  const view = viewIn(state, box, height);
  const [wide, high] = [Math.round(view.width * view.ratio), Math.round(height * view.ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    [canvas.width, canvas.height] = [wide, high];
    [canvas.style.width, canvas.style.height] = [`${view.width}px`, `${height}px`];
  }
  draw(canvas.getContext("2d"), state.laidOut, view, colours(canvas));
}

/** What a hand does: drags, turns the wheel, presses keys, points. Gives back how to stop listening. */
function hands(box, canvas, state, say) {
  let from = null;
  let timer = null;
  const shareOf = (event) => Math.min(Math.max((event.offsetX - labels(state.width)) / (state.width - labels(state.width)), 0), 1);
  const show = (view) => {
    state.view = view;
    state.moved(view);
    clearTimeout(timer);
    timer = setTimeout(() => state.settle(state.view), 400);
  };
  const listeners = {
    pointerdown: (event) => {
      from = { x: event.clientX, y: event.clientY, top: box.scrollTop, view: state.view, far: false };
      canvas.setPointerCapture(event.pointerId);
    },
    pointermove: (event) => {
      if (from === null) return say(words(barAt(state.laidOut, viewIn(state, box, tallest()), event.offsetX, event.offsetY - AXIS + box.scrollTop)));
      const dx = event.clientX - from.x;
      from.far ||= Math.abs(dx) + Math.abs(event.clientY - from.y) > 4;
      if (!from.far) return undefined;
      box.scrollTop = from.top - (event.clientY - from.y);
      return show({ ...from.view, follows: false, since: from.view.since - (dx * from.view.length) / (state.width - labels(state.width)) });
    },
    pointerup: (event) => {
      if (from && !from.far) state.choose(state.view.since + shareOf(event) * state.view.length);
      from = null;
    },
    pointercancel: () => (from = null),
    wheel: (event) => {
      if (!event.ctrlKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY) && !event.shiftKey) return;
      event.preventDefault();
      if (event.ctrlKey) return show(zoomed(state.view, event.deltaY > 0 ? 1.15 : 1 / 1.15, shareOf(event)));
      const by = (event.deltaX || event.deltaY) / (state.width - labels(state.width));
      show({ ...state.view, follows: false, since: state.view.since + by * state.view.length });
    },
    keydown: (event) => {
      const { view } = state;
      const done = {
        ArrowLeft: () => show({ ...view, follows: false, since: view.since - view.length / 8 }),
        ArrowRight: () => show({ ...view, follows: false, since: view.since + view.length / 8 }),
        "+": () => show(zoomed(view, 1 / ZOOM, 0.5)),
        "-": () => show(zoomed(view, ZOOM, 0.5)),
        Enter: () => state.choose(view.since + view.length / 2),
      }[event.key];
      if (!done) return;
      event.preventDefault();
      done();
    },
  };
  for (const [kind, listener] of Object.entries(listeners)) canvas.addEventListener(kind, listener, { passive: false });
  const scrolled = () => state.moved({ ...state.view });
  box.addEventListener("scroll", scrolled, { passive: true });
  return () => {
    clearTimeout(timer);
    for (const [kind, listener] of Object.entries(listeners)) canvas.removeEventListener(kind, listener);
    box.removeEventListener("scroll", scrolled);
  };
}

const VERBS = { solid: "held", light: "held, shared,", hatched: "waited for", asking: "waited for a human:", idle: "was idle", limited: "was rate-limited", mark: "" };

function words(bar) {
  if (bar === null) return "";
  const { session_id: session, text, style, since, until, ending } = bar.span;
  const end = style === "mark" ? "" : until === null ? " until now" : ` until ${exact(until, { named: false })}`;
  return html`<strong><${Text} of=${session} /></strong> ${VERBS[style]} <${Text} of=${text} cut=${120} /> ${style === "mark" ? ending : "from"} ${exact(since, { named: false })}${end}${style !== "mark" && ending ? `, ${ending}` : ""}`;
}

const KINDS = { hatched: "wait", asking: "bad", limited: "wait", idle: "off" };
const WORDS = { hatched: "waited", light: "shared", asking: "waited for a human", limited: "rate-limited", idle: "idle" };

/** The list of one moment: what was held and waited for then. */
function Moment({ spans, at }) {
  const then = spans.filter((span) => span.style !== "mark" && Date.parse(span.since) <= at && (span.until === null ? at <= now() : Date.parse(span.until) > at));
  const close = () => setParams({ at: "" });
  return html`<section class="panel" aria-labelledby="moment"><h2 id="moment">As it was at ${exact(at)} <span class="count">${then.length}</span>
      <button type="button" class="plain" onClick=${close}>Close</button></h2>
    ${then.length === 0 && html`<${Empty}>Nothing was held or waited for at that moment.</${Empty}>`}
    <${Rows} items=${then} keyOf=${(span) => `${span.session_id} ${span.text} ${span.since}`} label="As it was" row=${(span) => html`<div class="lock">
      <span class="name"><a href=${href(span.to)}><${Text} of=${span.text || span.session_id} cut=${160} /></a></span>
      <span class="who"><${SessionLink} id=${span.session_id} /></span><span class="why"><${ProjectLink} project=${span.project_key} /></span>
      <span class="when"><${Time} at=${span.since} /></span>
      <${State} kind=${KINDS[span.style] ?? "good"} word=${WORDS[span.style] ?? "held"} /></div>`} />
  </section>`;
}
