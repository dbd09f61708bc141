// Sessions on the board: who is there, who fell silent, who is gone; and a page for each.

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
  call,
  html,
  item,
  items,
  message,
  setParams,
  useFilter,
  useMemo,
  useModel,
  usePlace,
  useState,
  useEffect,
} from "../board/kit.js";

const GONE_SHOWN_S = 24 * 3600; // who is gone for longer is history
const GONE_TROUBLE_S = 2 * 3600;
const PROMPT_TROUBLE_S = 60; // between two prompts of a conversation nobody is needed

const KINDS = {
  alive: "good",
  working: "good",
  idle: "good",
  waiting_for_lock: "wait",
  waiting_for_human: "bad",
  rate_limited: "wait",
  silent: "off",
  gone: "bad",
  ended: "off",
};
const ORDER = ["waiting_for_human", "gone", "waiting_for_lock", "rate_limited", "working", "alive", "idle", "silent", "ended"];

const SORTS = {
  __proto__: null, // asked for what a link names
  name: (a, b) => (a.session_id < b.session_id ? -1 : 1),
  state: (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || SORTS.name(a, b),
  seen: (a, b) => (a.last_seen_at > b.last_seen_at ? -1 : 1),
};

const NEEDS = { __proto__: null, permission: "your permission", answer: "your answer", input: "your next prompt" };

const AT_WORK = new Set(["alive", "working", "idle", "rate_limited"]);

/** The sessions as they are now: who waits in a line for a lock is seen from the waiters, of which no session's event tells. */
function sessionsNow() {
  const inLine = new Set(items("waiters").map((each) => each.session_id));
  return items("sessions").map((each) => stateNow(each, inLine));
}

const stateNow = (session, inLine) => (AT_WORK.has(session.state) && inLine.has(session.session_id) ? { ...session, state: "waiting_for_lock", state_since: null } : session);

/** `{ what, urgent }`: what a session that waits for a human needs, in words. Without a next prompt no work stands still. */
function need(waitingFor) {
  const [, kind, more] = /^(\w+)(?:: (.*))?$/s.exec(waitingFor) ?? [];
  if (!NEEDS[kind]) return { what: `you: ${waitingFor}`, urgent: true };
  return { what: more ? `${NEEDS[kind]}: ${more}` : NEEDS[kind], urgent: kind !== "input" };
}

const waits = (session) => session.state === "waiting_for_human";
const finished = (session) => session.state === "idle";
const doing = (session) => [waits(session) && `needs ${need(session.waiting_for).what}`, session.task].filter(Boolean).join(" · ");

const current = (session) => session.state !== "gone" || age(session.ended_at ?? session.last_seen_at) < GONE_SHOWN_S;
const fitting = (fits) =>
  sessionsNow().filter((each) => current(each) && fits(each.project_key, each.session_id, doing(each), each.agent, each.state));

function sessionState(session) {
  if (!waits(session)) return html`<${State} kind=${KINDS[session.state] ?? "off"} word=${session.state.replaceAll("_", " ")} />`;
  return need(session.waiting_for).urgent ? html`<${State} kind="bad" word="waits for you" />` : html`<${State} kind="wait" word="finished" />`;
}

function Sessions() {
  useModel();
  const fits = useFilter();
  const { params } = usePlace();
  const sort = SORTS[params.sort] ? params.sort : "state";
  const sessions = fitting(fits).sort(SORTS[sort]);
  const locks = items("locks");
  const held = useMemo(() => counts(locks, "session_id"), [locks]);
  if (sessions.length === 0) {
    if (fits.any) return html`<${Empty}>No session fits the filter.</${Empty}>`;
    return html`<${Empty} commands=${["coord init", "coord checkin"]}>No sessions yet. Once in a repository; then at the start of each turn:</${Empty}>`;
  }
  return html`<div class="sort"><label>Sort by <select value=${sort} onChange=${(event) => setParams({ sort: event.target.value })}>
      <option value="state">state</option><option value="name">name</option><option value="seen">last seen</option></select></label></div>
    <${Rows} items=${sessions} keyOf=${(each) => each.session_id} label="Sessions" row=${(each) => html`<div class="session">
      ${sessionState(each)}
      <span class="who"><${SessionLink} id=${each.session_id} /></span>
      <span class="task"><${Text} of=${doing(each)} cut=${160} /></span>
      <span class="holds quiet">${locksHeld(held.get(each.session_id))}</span>
      <span class="when"><${Time} at=${each.last_seen_at} /></span>
    </div>`} />`;
}

const locksHeld = (count) => (count === undefined ? "" : count === 1 ? "1 lock" : `${count} locks`);

function counts(list, field) {
  const numbers = new Map();
  for (const each of list) numbers.set(each[field], (numbers.get(each[field]) ?? 0) + 1);
  return numbers;
}

const tell = (session, project, says) => ({
  title: `Write to ${session}`,
  button: "Send",
  says,
  touches: [session],
  fields: [
    { name: "subject", label: "Subject", required: true },
    { name: "body", label: "Message", kind: "long", required: true },
    { name: "importance", label: "Importance", kind: "choice", options: ["normal", "high", "urgent", "low"], value: "normal" },
  ],
  calls: ({ subject, body, importance }, me) => [message({ me, to: session, project, subject, body, importance })],
});

const ELSEWHERE = "What it asks is answered where it runs, in its own terminal. A message is shown to it when it goes on.";

const end = (session, project) => ({
  title: `End ${session}`,
  button: "End the session",
  says: "Its locks are released, its unfinished work items go back to the queue, and it waits for nothing any longer. If it is still at work, it works without locks.",
  touches: [session],
  project,
  reason: true,
  final: true,
  calls: () => [{ method: "DELETE", path: "/sessions", query: { session_id: session }, coord: ["end"], as: session }],
});

/** The session with its note, which the board's list leaves out; one that ended is in no list. null: it is nowhere. */
function useSession(name) {
  useModel();
  const [asked, setAsked] = useState(undefined);
  const listed = item("sessions", name);
  useEffect(() => {
    call({ path: "/sessions", query: { name } })
      .then((page) => setAsked(page.items[0] ?? null))
      .catch(() => setAsked(null));
  }, [name, Boolean(listed), listed?.handover_at]);
  if (!listed) return asked;
  const inLine = new Set(items("waiters").map((each) => each.session_id));
  return { ...stateNow(listed, inLine), handover: asked?.session_id === name ? asked.handover : null };
}

function Session({ path: [name = ""] }) {
  const session = useSession(name);
  const actions = html`<${Link} to=${["timeline"]} params=${{ q: name }}>Timeline</${Link}><${Act} of=${() => tell(name, session?.project_key)}>Write</${Act}>
    ${session && session.state !== "ended" && html`<${Act} of=${() => end(name, session.project_key)}>End</${Act}>`}`;
  return html`<${Page} kind="session" path=${[name]} title=${html`<${Text} of=${name} />`} actions=${actions}
    last=${html`<${History} about=${{ session_id: name }} title="What it did" />`}>
    <section class="panel"><h2>Session</h2><div class="pad">
      ${session
        ? html`<${Facts} of=${[
            ["State", sessionState(session)],
            waits(session) && ["Needs", html`<${Text} of=${need(session.waiting_for).what} />`],
            session.state_since && ["Since", html`<${Time} at=${session.state_since} />`],
            ["Task", html`<${Text} of=${session.task ?? "not said"} />`],
            ["Agent", html`<${Text} of=${session.agent ?? "not said"} />`],
            ["Project", html`<${ProjectLink} project=${session.project_key} />`],
            ["Started", html`<${Time} at=${session.started_at} />`],
            ["Last seen", html`<${Time} at=${session.last_seen_at} />`],
            session.expires_at && ["Promised to call by", html`<${Time} at=${session.expires_at} />`],
            session.ended_at && ["Left", html`<${Time} at=${session.ended_at} />`],
          ]} />`
        : session === null
          ? html`<p class="quiet">No session of this name has announced itself. What it did, if anything, is below.</p>`
          : html`<p class="quiet">Looking…</p>`}
      ${session && waits(session) && html`<p class="quiet">${ELSEWHERE}</p>`}
    </div></section>
    ${session?.handover && html`<section class="panel" aria-labelledby="note"><h2 id="note">Hand-over note</h2><div class="pad">
      <p class="quiet">Left <${Time} at=${session.handover_at} /> for who comes after it.</p><p class="body"><${Text} of=${session.handover} /></p>
    </div></section>`}
  </${Page}>`;
}

function troubles() {
  const sessions = sessionsNow();
  const gone = sessions.filter((each) => each.state === "gone" && age(each.ended_at ?? each.last_seen_at) < GONE_TROUBLE_S);
  const asking = sessions.filter((each) => waits(each) || finished(each)).map((each) => ({ each, ...need(each.waiting_for ?? "input") }));
  const idle = ({ each, urgent }) => !urgent && age(each.state_since) < PROMPT_TROUBLE_S;
  const limited = sessions.filter((each) => each.state === "rate_limited");
  return [
    ...asking.filter((each) => !idle(each)).map(({ each, what, urgent }) => ({
      key: each.session_id,
      severity: urgent ? "bad" : "warn",
      rank: 10,
      word: urgent ? "waits for you" : "finished",
      text: `${each.session_id} needs ${what}${each.task ? ` · its task: ${each.task}` : ""}`,
      project: each.project_key,
      since: each.state_since,
      to: [["session", each.session_id]],
      act: { label: "Write", of: () => tell(each.session_id, each.project_key, ELSEWHERE) },
    })),
    ...limited.map((each) => ({
      key: each.session_id,
      severity: "warn",
      rank: 10,
      word: "rate limited",
      text: `${each.session_id} cannot go on for now${each.task ? `; its task: ${each.task}` : ""}`,
      project: each.project_key,
      since: each.state_since,
      to: [["session", each.session_id]],
      act: { label: "Write", of: () => tell(each.session_id, each.project_key) },
    })),
    ...gone.map((each) => ({
      key: each.session_id,
      severity: "warn",
      rank: 10,
      word: "gone",
      text: `${each.session_id} missed its heartbeat${each.task ? `; its task: ${each.task}` : ""}`,
      project: each.project_key,
      since: each.ended_at ?? each.last_seen_at,
      to: [["session", each.session_id]],
      act: { label: "End it", of: () => end(each.session_id, each.project_key) },
    })),
  ];
}

addToBoard({
  area: "sessions",
  panels: [{ name: "sessions", title: "Sessions", column: 2, rank: 10, count: (fits) => fitting(fits).length, component: Sessions }],
  pages: { session: Session },
  troubles,
  search: (fits) =>
    sessionsNow()
      .filter((each) => fits(each.session_id, each.task, each.agent, each.project_key))
      .map((each) => ({ kind: "session", text: each.session_id, more: each.task ?? each.state, to: ["session", each.session_id] })),
});
