// Locks on the board: a tree of paths by project, who waits for them, and a page for each resource.

import {
  Act,
  Empty,
  Facts,
  History,
  Link,
  Page,
  ProjectLink,
  Rows,
  SessionLink,
  State,
  Text,
  Time,
  addToBoard,
  age,
  coordLine,
  fitting,
  href,
  html,
  item,
  items,
  message,
  useFilter,
  useMemo,
  useModel,
  useObject,
} from "../board/kit.js";
import { treeOf } from "./tree.js";

const LONG_WAIT_S = 30;
const MANY_WAITERS = 3;

const textsOf = (lock) => [lock.project_key, lock.resource, lock.session_id, lock.description];
const fittingLocks = (fits) => fitting(items("locks"), fits, textsOf);
const waiterText = (waiter) => waiter.resources.join(", ");
const fitsWaiter = (fits, waiter) => fits(waiter.project_key, waiterText(waiter), waiter.session_id, waiter.description);

const isTree = (resource) => /\/(\*\*)?$/.test(resource);
const bare = (resource) => resource.replace(/\/(\*\*)?$/, "").replace(/^\.\//, "");

/** Whether a claim of one would meet a lock on the other, as far as the page can tell: the service has the last word. */
function meets(one, other) {
  const [a, b] = [bare(one), bare(other)];
  return a === b || (isTree(one) && (a === "" || b.startsWith(`${a}/`))) || (isTree(other) && (b === "" || a.startsWith(`${b}/`)));
}

const holdersOf = (waiter) =>
  items("locks").filter(
    (lock) => lock.project_key === waiter.project_key && lock.session_id !== waiter.session_id && waiter.resources.some((each) => meets(each, lock.resource)),
  );

function waitersByResource(waiters) {
  const found = new Map();
  for (const waiter of waiters) {
    for (const resource of waiter.resources) {
      const key = `${waiter.project_key}\n${bare(resource)}`;
      found.set(key, [...(found.get(key) ?? []), waiter]);
    }
  }
  return found;
}

export function lockState(lock, waiting = 0) {
  if (lock.released_at) return html`<${State} kind="off" word=${lock.release_reason ?? "released"} />`;
  if (lock.stale) return html`<${State} kind="warn" word="stale" />`;
  if (waiting > 0) return html`<${State} kind="wait" word=${`${waiting} waiting`} />`;
  return html`<${State} kind="good" word=${lock.mode === "shared" ? "shared" : "held"} />`;
}

function Locks() {
  useModel();
  const fits = useFilter();
  const [locks, waiters] = [items("locks"), items("waiters")];
  const rows = useMemo(() => treeOf(fittingLocks(fits)), [locks, fits.key]);
  const waiting = useMemo(() => waitersByResource(waiters), [waiters]);
  if (rows.length === 0) {
    if (fits.any) return html`<${Empty}>No lock fits the filter.</${Empty}>`;
    return html`<${Empty} commands=${[`coord lock src/app.py -m "new order model"`]}>No locks are held. A session claims what it is about to change:</${Empty}>`;
  }
  const row = (each) => (each.lock ? lockRow(each, waiting) : folderRow(each));
  return html`<${Rows} items=${rows} keyOf=${(each) => each.key} label="Locks" className="tree" row=${row} />`;
}

function folderRow({ name, depth, count, project }) {
  const shown = project ? html`<${ProjectLink} project=${project} />` : html`<${Text} of=${name} cut=${120} />`;
  return html`<div class="lock folder ${project ? "project" : `depth-${Math.min(depth, 10)}`}"><span class="name">${shown}</span><span class="count quiet">${count}</span></div>`;
}

function lockRow({ lock, name, depth }, waiting) {
  const count = waiting.get(`${lock.project_key}\n${bare(lock.resource)}`)?.length ?? 0;
  return html`<div class="lock depth-${Math.min(depth, 10)}">
    <span class="name"><a href=${href(["resource", lock.project_key, lock.resource])}><${Text} of=${name} cut=${120} /></a></span>
    <span class="who"><${SessionLink} id=${lock.session_id} /></span>
    <span class="why quiet"><${Text} of=${lock.description} cut=${160} /></span>
    <span class="when"><${Time} at=${lock.acquired_at} /></span>
    ${lockState(lock, count)}
  </div>`;
}

function Waiters() {
  useModel();
  const fits = useFilter();
  const waiters = items("waiters").filter((waiter) => fitsWaiter(fits, waiter));
  if (waiters.length === 0) return html`<${Empty}>${fits.any ? "Nobody who fits the filter is" : "Nobody is"} waiting for a lock.</${Empty}>`;
  return html`<${Rows} items=${waiters} keyOf=${(waiter) => waiter.id} label="Waiters" row=${(waiter) => html`<div class="waiter">
    <span class="who"><${SessionLink} id=${waiter.session_id} /></span>
    <span class="what">waits for <a href=${href(["resource", waiter.project_key, waiter.resources[0]])}><${Text} of=${waiterText(waiter)} cut=${120} /></a>
      ${" "}<span class="quiet">${heldBy(waiter)}</span></span>
    <span class="when"><${Time} at=${waiter.since} /></span>
  </div>`} />`;
}

function heldBy(waiter) {
  const holders = [...new Set(holdersOf(waiter).map((lock) => lock.session_id))];
  return holders.length === 0 ? "" : html`held by ${holders.map((holder, at) => html`${at > 0 && ", "}<${SessionLink} id=${holder} />`)}`;
}

const releaseOf = (lock) => ({
  title: `Release ${lock.resource}`,
  button: "Release",
  says: lock.stale
    ? "Its holder has shown no sign of life for so long that anybody may release it. Should the holder still be at work, it loses the lock."
    : "You hold it. From then on anybody may have it.",
  touches: [lock.session_id],
  project: lock.project_key,
  reason: lock.stale,
  final: lock.stale,
  calls: (values, me) => [
    { method: "DELETE", path: `/locks/${lock.id}`, query: { session_id: me }, coord: ["unlock", lock.id], as: me, project: lock.project_key },
  ],
});

const releaseByForce = (lock) => ({
  title: `Release ${lock.resource} by force`,
  button: "Release by force",
  says: "Its holder is alive and may be changing it this moment: it loses the lock, and is told so with your reason at its next turn. Ask it first.",
  touches: [lock.session_id],
  project: lock.project_key,
  reason: "call",
  final: true,
  calls: (values, me, reason) => [
    {
      method: "DELETE",
      path: `/locks/${lock.id}`,
      query: { session_id: me, force: true, reason },
      coord: ["unlock", lock.id, "--force", "--reason", reason],
      as: me,
      project: lock.project_key,
    },
  ],
});

const askHolder = (lock) => ({
  title: `Ask ${lock.session_id} about ${lock.resource}`,
  button: "Send",
  touches: [lock.session_id],
  fields: [{ name: "body", label: "Message", kind: "long", required: true, value: `When are you done with ${lock.resource}?` }],
  calls: ({ body }, me) => [message({ me, to: lock.session_id, project: lock.project_key, subject: lock.resource.slice(0, 200), body, importance: "high" })],
});

function LockActions({ lock }) {
  return html`<span class="actions">
    ${lock.stale && html`<${Act} of=${() => releaseOf(lock)}>Release</${Act}>`}
    <${Act} of=${() => askHolder(lock)}>Ask</${Act}>
    ${!lock.stale && html`<${Act} of=${() => releaseByForce(lock)}>Release by force</${Act}>`}
  </span>`;
}

function Resource({ path: [project, resource = ""] }) {
  useModel();
  const { object, problem } = useObject("/locks", { project_key: project, resource });
  const held = object?.items ?? [];
  const waiters = items("waiters").filter((waiter) => waiter.project_key === project && waiter.resources.some((each) => meets(each, resource)));
  return html`<${Page} kind="resource" path=${[project, resource]} title=${html`<${Text} of=${resource} />`} actions=${html`<${Link} to=${["timeline"]} params=${{ project, q: resource }}>Timeline</${Link}><${ProjectLink} project=${project} />`}>
    ${problem && html`<p class="problem">${problem}</p>`}
    ${object && held.length === 0 && html`<section class="panel"><h2>Nobody holds it</h2>
      <${Empty} commands=${[coordLine({ coord: ["lock", "--", resource], project })]}>A claim would be granted at once:</${Empty}></section>`}
    ${held.map((lock) => html`<section class="panel" key=${lock.id}><h2><${SessionLink} id=${lock.session_id} /> holds <${Text} of=${lock.resource} cut=${120} /></h2>
      <div class="pad">${lockFacts(lock, item("sessions", lock.session_id))}<${LockActions} lock=${lock} /></div></section>`)}
    <section class="panel"><h2>Waiters <span class="count">${waiters.length}</span></h2>
      ${waiters.length === 0
        ? html`<${Empty}>Nobody is waiting for it.</${Empty}>`
        : html`<ol class="rows numbered">${waiters.map((waiter) => html`<li key=${waiter.id}><div class="waiter">
            <span class="who"><${SessionLink} id=${waiter.session_id} /></span><span class="what"><${Text} of=${waiter.description ?? item("sessions", waiter.session_id)?.task} cut=${200} /></span><span class="when"><${Time} at=${waiter.since} /></span></div></li>`)}</ol>`}
    </section>
    <${History} about=${{ project_key: project, resource }} />
  </${Page}>`;
}

const lockFacts = (lock, holder) => html`<${Facts} of=${[
  ["State", lockState(lock)],
  ["Why", html`<${Text} of=${lock.description ?? "not said"} />`],
  holder && ["Its holder works on", html`<${Text} of=${holder.task ?? "not said"} cut=${300} />`],
  holder && holder.state !== "alive" && ["Its holder is", holder.state.replaceAll("_", " ")],
  ["Since", html`<${Time} at=${lock.acquired_at} />`],
  ["Last activity", html`<${Time} at=${lock.last_activity_at} />`],
  ["Expires", html`<${Time} at=${lock.expires_at} unset="never" />`],
  ["Mode", lock.mode],
  ["Fencing token", lock.fencing_token],
]} />`;

function HeldBySession({ path: [session] }) {
  useModel();
  const held = items("locks").filter((lock) => lock.session_id === session);
  const waits = items("waiters").filter((waiter) => waiter.session_id === session);
  return html`<section class="panel"><h2>Holds <span class="count">${held.length}</span></h2>
    ${held.length === 0 && html`<${Empty}>It holds nothing.</${Empty}>`}
    <${Rows} items=${held} keyOf=${(lock) => lock.id} label="Holds" row=${(lock) => html`<div class="lock">
      <span class="name"><a href=${href(["resource", lock.project_key, lock.resource])}><${Text} of=${lock.resource} cut=${160} /></a></span>
      <span class="who"><${ProjectLink} project=${lock.project_key} /></span><span class="why quiet"><${Text} of=${lock.description} cut=${160} /></span>
      <span class="when"><${Time} at=${lock.acquired_at} /></span>${lockState(lock)}</div>`} />
    ${waits.map((waiter) => html`<p class="pad" key=${waiter.id}><${State} kind="wait" word="waits" /> for <a href=${href(["resource", waiter.project_key, waiter.resources[0]])}><${Text} of=${waiterText(waiter)} /></a>
      ${" "}since <${Time} at=${waiter.since} /> <span class="quiet">${heldBy(waiter)}</span></p>`)}
  </section>`;
}

function troubles() {
  const stale = items("locks").filter((lock) => lock.stale);
  const waiters = items("waiters");
  const long = waiters.filter((waiter) => age(waiter.since) > LONG_WAIT_S);
  const crowded = [...waitersByResource(waiters)].filter(([, found]) => found.length >= MANY_WAITERS);
  return [
    ...stale.map((lock) => ({
      key: lock.id,
      severity: "warn",
      rank: 20,
      word: "stale lock",
      text: `${lock.resource}, held by ${lock.session_id}`,
      project: lock.project_key,
      since: lock.last_activity_at,
      to: [["resource", lock.project_key, lock.resource]],
      act: { label: "Release", of: () => releaseOf(lock) },
    })),
    ...long.map((waiter) => {
      const [holder] = holdersOf(waiter);
      return {
        key: waiter.id,
        severity: "bad",
        rank: 30,
        word: "long wait",
        text: `${waiter.session_id} waits for ${waiterText(waiter)}${holder ? `, held by ${holder.session_id}` : ""}`,
        project: waiter.project_key,
        since: waiter.since,
        to: [["resource", waiter.project_key, waiter.resources[0]]],
        act: holder && { label: "Ask the holder", of: () => askHolder(holder) },
      };
    }),
    ...crowded.map(([key, found]) => ({
      key,
      severity: "bad",
      rank: 20,
      word: "conflict",
      text: `${found.length} sessions wait for ${key.split("\n")[1]}`,
      project: found[0].project_key,
      since: found[0].since,
      to: [["resource", found[0].project_key, found[0].resources[0]]],
    })),
  ];
}

addToBoard({
  area: "locks",
  panels: [
    { name: "waiters", title: "Waiters", column: 1, rank: 10, count: (fits) => items("waiters").filter((each) => fitsWaiter(fits, each)).length, component: Waiters },
    { name: "locks", title: "Locks", column: 1, rank: 20, count: (fits) => fittingLocks(fits).length, component: Locks },
  ],
  pages: { resource: Resource },
  sections: [{ on: "session", name: "held", rank: 10, component: HeldBySession }],
  troubles,
  search: (fits) =>
    items("locks")
      .filter((lock) => fits(lock.resource, lock.session_id, lock.description, lock.project_key))
      .map((lock) => ({ kind: "lock", text: lock.resource, more: `${lock.session_id} in ${lock.project_key}`, to: ["resource", lock.project_key, lock.resource] })),
});
