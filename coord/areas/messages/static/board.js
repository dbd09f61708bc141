// Messages on the board: the newest, what nobody has read, and a page for each thread.

import { Act, Empty, Page, ProjectLink, Rows, SessionLink, State, Text, Time, addToBoard, href, html, items, message, useFilter, useModel, useObject } from "../board/kit.js";

const PRESSING = new Set(["urgent", "high"]);
const IMPORTANCES = ["normal", "high", "urgent", "low"];

const fitting = (fits) => items("messages").filter((each) => fits(each.project_key, each.subject, each.body, each.from_session, each.to_session));

function stateOf(each) {
  if (each.importance === "urgent" && !isRead(each)) return html`<${State} kind="bad" word="urgent" />`;
  if (each.broadcast) return html`<${State} kind="off" word=${`read by ${each.read_count}`} />`;
  return each.read_at ? html`<${State} kind="good" word=${each.acked_at ? "acknowledged" : "read"} />` : html`<${State} kind="wait" word="unread" />`;
}

const isRead = (each) => Boolean(each.read_at) || each.read_count > 0;

function Messages() {
  useModel();
  const fits = useFilter();
  const messages = fitting(fits);
  if (messages.length === 0) {
    if (fits.any) return html`<${Empty}>No message fits the filter.</${Empty}>`;
    return html`<${Empty} commands=${['coord send --to web-2/agent "src/app.py" "When are you done with it?"']}>No messages yet. A session writes to another, or to all:</${Empty}>`;
  }
  return html`<${Rows} items=${messages} keyOf=${(each) => each.id} label="Messages" row=${(each) => html`<div class="message">
    ${stateOf(each)}
    <span class="subject"><a href=${href(["message", each.id])}><${Text} of=${each.subject} cut=${120} /></a></span>
    <span class="who"><${SessionLink} id=${each.from_session} /> <span class="quiet">to</span> <${SessionLink} id=${each.to_session} unset="all" /></span>
    <span class="when"><${Time} at=${each.created_at} /></span>
  </div>`} />`;
}

const write = () => ({
  title: "Write to all",
  button: "Send",
  says: "Every session sees it at its next turn; with a project, those that work on it.",
  fields: [
    { name: "project", label: "Project", hint: "empty: all" },
    { name: "subject", label: "Subject", required: true },
    { name: "body", label: "Message", kind: "long", required: true },
    { name: "importance", label: "Importance", kind: "choice", options: IMPORTANCES, value: "normal" },
  ],
  calls: ({ project, subject, body, importance }, me) => [message({ me, project, subject, body, importance })],
});

const answer = (each) => ({
  title: `Answer ${each.from_session}`,
  button: "Send",
  touches: [each.from_session],
  fields: [
    { name: "subject", label: "Subject", required: true, value: /^re: /i.test(each.subject) ? each.subject : `Re: ${each.subject}`.slice(0, 200) },
    { name: "body", label: "Message", kind: "long", required: true },
  ],
  calls: ({ subject, body }, me) => [message({ me, to: each.from_session, project: each.project_key, subject, body, replyTo: each.id })],
});

function Message({ path: [id = ""] }) {
  const { object: first, problem } = useObject(`/messages/${encodeURIComponent(id)}`);
  const thread = useObject("/messages", { thread_id: first?.thread_id ?? id }).object?.items ?? [];
  const all = first && !thread.some((each) => each.id === first.id) ? [first, ...thread] : thread;
  const title = first ? html`<${Text} of=${first.subject} />` : "Message";
  return html`<${Page} kind="message" path=${[id]} title=${title} actions=${first && html`<${Act} of=${() => answer(first)}>Answer</${Act}>`}>
    ${problem && html`<p class="problem">${problem}</p>`}
    ${[...all].reverse().map((each) => html`<section class="panel letter ${each.id === id ? "this" : ""}" key=${each.id}>
      <h2><${SessionLink} id=${each.from_session} /> <span class="quiet">to</span> <${SessionLink} id=${each.to_session} unset="all" /></h2>
      <div class="pad">
        <p class="meta">${stateOf(each)} <${Time} at=${each.created_at} /> ${each.project_key && html`<${ProjectLink} project=${each.project_key} />`} ${each.importance !== "normal" && html`<span class="tag">${each.importance}</span>`}</p>
        <p class="body"><${Text} of=${each.body} /></p>
        ${each.read_by.length > 0 && html`<p class="quiet">Read by ${each.read_by.map((reader, at) => html`${at > 0 && ", "}<${SessionLink} id=${reader.session_id} />`)}</p>`}
        <${Act} of=${() => answer(each)}>Answer</${Act}>
      </div></section>`)}
  </${Page}>`;
}

function OfSession({ path: [session] }) {
  useModel();
  const unread = items("unread_messages").filter((each) => each.to_session === session);
  if (unread.length === 0) return null;
  return html`<section class="panel"><h2>Has not read <span class="count">${unread.length}</span></h2>
    <${Rows} items=${unread} keyOf=${(each) => each.id} label="Unread" row=${(each) => html`<div class="message">
      ${stateOf(each)}<span class="subject"><a href=${href(["message", each.id])}><${Text} of=${each.subject} cut=${120} /></a></span>
      <span class="who"><span class="quiet">from</span> <${SessionLink} id=${each.from_session} /></span><span class="when"><${Time} at=${each.created_at} /></span></div>`} />
  </section>`;
}

const troubles = () =>
  items("unread_messages")
    .filter((each) => PRESSING.has(each.importance))
    .map((each) => ({
      key: each.id,
      severity: each.importance === "urgent" ? "bad" : "warn",
      rank: 40,
      word: `unread, ${each.importance}`,
      text: `${each.subject} · from ${each.from_session} to ${each.to_session}`,
      project: each.project_key,
      since: each.created_at,
      to: [["message", each.id]],
      act: { label: "Answer", of: () => answer(each) },
    }));

addToBoard({
  area: "messages",
  panels: [{ name: "messages", title: "Messages", column: 3, rank: 20, count: (fits) => fitting(fits).length, component: Messages }],
  pages: { message: Message },
  actions: [{ name: "write", label: "Write to all", act: write }],
  sections: [{ on: "session", name: "unread", rank: 30, component: OfSession }],
  troubles,
  search: (fits) =>
    items("messages")
      .filter((each) => fits(each.subject, each.body, each.from_session, each.to_session))
      .map((each) => ({ kind: "message", text: each.subject, more: `from ${each.from_session}`, to: ["message", each.id] })),
});
