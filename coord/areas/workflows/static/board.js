// Work on the board: open workflows with their progress, what is in progress or blocked, and a page for each workflow and item.

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
  act,
  addToBoard,
  age,
  href,
  html,
  item,
  items,
  useFilter,
  useModel,
  useObject,
} from "../board/kit.js";
import { moved, queueOf } from "./order.js";
import { Picture } from "./picture.js";

const STUCK_S = 24 * 3600;
const DRAGGED = "application/x-coord-item";
const KINDS = { pending: "off", planning: "off", active: "busy", in_progress: "busy", blocked: "bad", completed: "good", cancelled: "off" };
const ITEM_STATUSES = ["pending", "in_progress", "blocked", "completed", "cancelled"];
const WORKFLOW_STATUSES = ["planning", "active", "blocked", "completed", "cancelled"];

export const statusOf = ({ status, ready }) => html`<${State} kind=${KINDS[status] ?? "off"} word=${ready ? "ready" : status.replaceAll("_", " ")} />`;

const fitsWorkflow = (fits) => items("workflows").filter((each) => fits(each.project_key, each.name, each.status, each.description));
const fitsItem = (fits) =>
  items("work_items").filter((each) => each.status !== "pending" && fits(each.project_key, each.title, each.assigned_to, each.status));

function Workflows() {
  useModel();
  const fits = useFilter();
  const workflows = fitsWorkflow(fits);
  if (workflows.length === 0) {
    if (fits.any) return html`<${Empty}>No workflow fits the filter.</${Empty}>`;
    return html`<${Empty} commands=${['coord workflow add "Checkout rewrite"', 'coord item add "Totals with VAT" --workflow "Checkout rewrite"']}>
      No work is shared out. Make a workflow and add items; sessions take them with <code>coord item claim</code>:</${Empty}>`;
  }
  return html`<${Rows} items=${workflows} keyOf=${(each) => each.id} label="Workflows" row=${(each) => html`<div class="workflow">
    ${statusOf(each)}
    <span class="name"><a href=${href(["workflow", each.id])}><${Text} of=${each.name} cut=${120} /></a></span>
    <${Progress} of=${each.progress} />
    <span class="of"><${ProjectLink} project=${each.project_key} /></span>
  </div>`} />`;
}

const SEGMENTS = ["completed", "in_progress", "blocked", "pending"];

/** A bar, and the same in words. */
function Progress({ of }) {
  const total = of.total - of.cancelled;
  let x = 0;
  const bars = SEGMENTS.map((name) => {
    const width = total > 0 ? (100 * of[name]) / total : 0;
    x += width;
    return html`<rect class=${name} x=${x - width} width=${width} y="0" height="8" />`;
  });
  const words = total === 0 ? "no items" : `${of.completed} of ${total} done${of.blocked ? `, ${of.blocked} blocked` : ""}`;
  return html`<span class="progress"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${bars}</svg><span>${words}</span></span>`;
}

function InProgress() {
  useModel();
  const fits = useFilter();
  const shown = fitsItem(fits);
  if (shown.length === 0) return html`<${Empty}>No item is in progress${fits.any ? " that fits the filter" : ""}.</${Empty}>`;
  return html`<${Items} shown=${shown} />`;
}

/** `move(item, onto)`: asks for moving an item, to the place of another where it was dropped; without it they stand as they are. */
function Items({ shown, move }) {
  const queue = move ? queueOf(shown) : [];
  const hand = (each) =>
    queue.includes(each) && {
      draggable: true,
      onDragStart: (event) => event.dataTransfer.setData(DRAGGED, each.id),
      onDragOver: (event) => event.dataTransfer.types.includes(DRAGGED) && event.preventDefault(),
      onDrop: (event) => {
        event.preventDefault();
        const dropped = queue.find((other) => other.id === event.dataTransfer.getData(DRAGGED));
        if (dropped && dropped !== each) move(dropped, each);
      },
    };
  return html`<${Rows} items=${shown} keyOf=${(each) => each.id} label="Work items" row=${(each) => html`<div class=${move ? "item movable" : "item"} ...${hand(each)}>
    ${statusOf(each)}
    <span class="name"><a href=${href(["item", each.id])}><${Text} of=${each.title} cut=${140} /></a></span>
    <span class="who"><${SessionLink} id=${each.assigned_to} /></span>
    <span class="when"><${Time} at=${each.updated_at} /></span>
    ${move && html`<span class="todo">${queue.includes(each) && queue.length > 1 && html`<button type="button" class="plain" aria-label=${`Move ${each.title}`} onClick=${() => move(each)}>Move</button>`}</span>`}
  </div>`} />`;
}

/** What another session has in progress is changed with force; coord tells that session. The command line has no word for it. */
const isAnothers = (each, me) => each.status === "in_progress" && each.assigned_to !== null && each.assigned_to !== me;
const forced = (each, me) => (isAnothers(each, me) ? { force: true } : {});

const change = (each, changes, coord, more) => ({
  touches: each.assigned_to ? [each.assigned_to] : [],
  project: each.project_key,
  reason: Boolean(each.assigned_to),
  calls: (values, me) => [
    { method: "PATCH", path: `/work-items/${each.id}`, body: { session_id: me, ...changes(values), ...forced(each, me) }, coord: isAnothers(each, me) ? null : ["item", "set", each.id, ...coord(values)], as: me, project: each.project_key },
  ],
  ...more,
});

const setStatus = (each) =>
  change(each, ({ status }) => ({ status }), ({ status }) => ["--status", status], {
    title: `Status of ${each.title}`,
    button: "Change",
    says: "Pending gives it back to the queue; completed lets what depends on it begin.",
    fields: [{ name: "status", label: "Status", kind: "choice", options: ITEM_STATUSES, value: each.status }],
  });

const setPriority = (each) =>
  change(each, ({ priority }) => ({ priority: Number(priority) }), ({ priority }) => ["--priority", priority], {
    title: `Priority of ${each.title}`,
    button: "Change",
    fields: [{ name: "priority", label: "Priority", kind: "number", hint: "higher goes first", value: String(each.priority), required: true }],
  });

const assign = (each) =>
  change(each, ({ to }) => ({ assigned_to: to.trim() || null }), ({ to }) => (to.trim() ? ["--for", to.trim()] : ["--for-anybody"]), {
    title: `Assign ${each.title}`,
    button: "Assign",
    fields: [{ name: "to", label: "Session", hint: "empty: anybody", value: each.assigned_to ?? "" }],
  });

const placeName = (queue, each, place) => {
  const before = queue.filter((other) => other !== each)[place - 1];
  return `${place + 1}: ${before ? `after ${before.title.slice(0, 80)}` : "first"}`;
};

/** Sessions are given items in the order of their priorities, so that is what a move changes. */
const moveItem = (queue, each, onto = each) => ({
  title: `Move ${each.title}`,
  button: "Move",
  says: "Items are handed out from the top. Its priority changes, and those of others only where they would be in its way.",
  project: each.project_key,
  fields: [{ name: "place", label: "Place", kind: "choice", options: queue.map((_, place) => placeName(queue, each, place)), value: placeName(queue, each, queue.indexOf(onto)) }],
  calls: ({ place }, me) =>
    moved(queue, each, Number.parseInt(place, 10) - 1).map(({ item: other, priority }) => ({
      ...{ method: "PATCH", path: `/work-items/${other.id}`, body: { session_id: me, priority } },
      ...{ coord: ["item", "set", other.id, "--priority", String(priority)], as: me, project: other.project_key },
    })),
});

const setWorkflowStatus = (each) => ({
  title: `Status of ${each.name}`,
  button: "Change",
  says: "Completed or cancelled: its pending items are handed out no more.",
  touches: [each.created_by],
  project: each.project_key,
  reason: true,
  fields: [{ name: "status", label: "Status", kind: "choice", options: WORKFLOW_STATUSES, value: each.status }],
  calls: ({ status }, me) => [
    { method: "PATCH", path: `/workflows/${each.id}`, body: { session_id: me, status }, coord: ["workflow", "set", each.id, "--status", status], as: me, project: each.project_key },
  ],
});

const addItem = (workflow) => ({
  title: `Add an item to ${workflow.name}`,
  button: "Add",
  project: workflow.project_key,
  fields: [
    { name: "title", label: "Title", required: true },
    { name: "description", label: "Description", kind: "long" },
    { name: "priority", label: "Priority", kind: "number", value: "0", hint: "higher goes first" },
  ],
  calls: ({ title, description, priority }, me) => [
    {
      method: "POST",
      path: "/work-items",
      body: { workflow_id: workflow.id, title, priority: Number(priority), created_by: me, ...(description ? { description } : {}) },
      coord: ["item", "add", "--workflow", workflow.id, "--priority", priority, ...(description ? ["--description", description] : []), "--", title],
      as: me,
      project: workflow.project_key,
    },
  ],
});

function Workflow({ path: [id = ""] }) {
  const { object: workflow, problem } = useObject(`/workflows/${encodeURIComponent(id)}`);
  if (!workflow) return html`<${Page} kind="workflow" path=${[id]} title="Workflow"><p class=${problem ? "problem" : "quiet"}>${problem || "Looking…"}</p></${Page}>`;
  const actions = html`<${Act} of=${() => addItem(workflow)}>Add an item</${Act}><${Act} of=${() => setWorkflowStatus(workflow)}>Status</${Act}>`;
  return html`<${Page} kind="workflow" path=${[id]} title=${html`<${Text} of=${workflow.name} />`} actions=${actions}>
    <section class="panel"><h2>Workflow</h2><div class="pad"><${Facts} of=${[
      ["Status", statusOf(workflow)],
      ["Progress", html`<${Progress} of=${workflow.progress} />`],
      ["Description", html`<${Text} of=${workflow.description ?? "none"} />`],
      ["Project", html`<${ProjectLink} project=${workflow.project_key} />`],
      ["Created", html`<${Time} at=${workflow.created_at} /> by <${SessionLink} id=${workflow.created_by} />`],
    ]} /></div></section>
    <${Picture} items=${workflow.work_items} />
    <section class="panel"><h2>Items <span class="count">${workflow.progress.total}</span></h2><${Items} shown=${workflow.work_items} move=${(each, onto) => act(moveItem(queueOf(workflow.work_items), each, onto))} /></section>
    <${History} about=${{ project_key: workflow.project_key, kind: "workflow", subject_id: id }} />
  </${Page}>`;
}

function Item({ path: [id = ""] }) {
  const { object: each, problem } = useObject(`/work-items/${encodeURIComponent(id)}`);
  const workflow = useObject(each ? `/workflows/${each.workflow_id}` : `/work-items/${encodeURIComponent(id)}`).object;
  if (!each) return html`<${Page} kind="item" path=${[id]} title="Work item"><p class=${problem ? "problem" : "quiet"}>${problem || "Looking…"}</p></${Page}>`;
  const titles = new Map((workflow?.work_items ?? []).map((other) => [other.id, other]));
  const needs = each.depends_on.map((other) => titles.get(other) ?? item("work_items", other) ?? { id: other, title: other, status: "pending" });
  const actions = html`<${Act} of=${() => setStatus(each)}>Status</${Act}><${Act} of=${() => setPriority(each)}>Priority</${Act}><${Act} of=${() => assign(each)}>Assign</${Act}>`;
  return html`<${Page} kind="item" path=${[id]} title=${html`<${Text} of=${each.title} />`} actions=${actions}>
    <section class="panel"><h2>Work item</h2><div class="pad"><${Facts} of=${[
      ["Status", statusOf(each)],
      ["Assigned to", html`<${SessionLink} id=${each.assigned_to} />`],
      ["Priority", each.priority],
      ["Workflow", html`<${Link} to=${["workflow", each.workflow_id]}><${Text} of=${workflow?.name ?? each.workflow_id} /></${Link}>`],
      ["Project", html`<${ProjectLink} project=${each.project_key} />`],
      ["Created", html`<${Time} at=${each.created_at} /> by <${SessionLink} id=${each.created_by} />`],
      ["Taken on", html`<${Time} at=${each.claimed_at} unset="not yet" />`],
      ["Changed", html`<${Time} at=${each.updated_at} />`],
    ]} />${each.description && html`<p class="body"><${Text} of=${each.description} /></p>`}</div></section>
    ${needs.length > 0 && html`<section class="panel"><h2>Depends on <span class="count">${needs.length}</span></h2>
      <${Rows} items=${needs} keyOf=${(other) => other.id} label="Depends on" row=${(other) => html`<div class="item">${statusOf(other)}<span class="name"><a href=${href(["item", other.id])}><${Text} of=${other.title} /></a></span></div>`} /></section>`}
    <${History} about=${{ project_key: each.project_key, kind: "work_item", subject_id: id }} />
  </${Page}>`;
}

function OfSession({ path: [session] }) {
  useModel();
  const shown = items("work_items").filter((each) => each.assigned_to === session);
  if (shown.length === 0) return null;
  return html`<section class="panel"><h2>Works on <span class="count">${shown.length}</span></h2><${Items} shown=${shown} /></section>`;
}

function troubles() {
  const there = new Map(items("sessions").map((each) => [each.session_id, each.state]));
  const left = (each) => ["gone", "silent"].includes(there.get(each.assigned_to)) || age(each.updated_at) > STUCK_S;
  const trouble = (each, severity, word, text, label, of) => ({
    key: each.id,
    severity,
    rank: 60,
    word,
    text,
    project: each.project_key,
    since: each.updated_at,
    to: [["item", each.id]],
    act: { label, of },
  });
  const open = items("work_items");
  return [
    ...open.filter((each) => each.status === "blocked").map((each) => trouble(each, "bad", "blocked item", each.title, "Change status", () => setStatus(each))),
    ...open
      .filter((each) => each.status === "in_progress" && left(each))
      .map((each) => trouble(each, "warn", "stuck item", `${each.title}, with ${each.assigned_to}`, "Change status", () => setStatus(each))),
    ...items("workflows")
      .filter((each) => each.status === "blocked")
      .map((each) => ({ ...trouble(each, "bad", "blocked workflow", each.name, "Change status", () => setWorkflowStatus(each)), to: [["workflow", each.id]] })),
  ];
}

addToBoard({
  area: "workflows",
  panels: [
    { name: "workflows", title: "Workflows", column: 1, rank: 30, count: (fits) => fitsWorkflow(fits).length, component: Workflows },
    { name: "items", title: "In progress", column: 1, rank: 40, count: (fits) => fitsItem(fits).length, component: InProgress },
  ],
  pages: { workflow: Workflow, item: Item },
  sections: [{ on: "session", name: "work", rank: 20, component: OfSession }],
  troubles,
  search: (fits) => [
    ...items("workflows")
      .filter((each) => fits(each.name, each.description, each.project_key))
      .map((each) => ({ kind: "workflow", text: each.name, more: each.project_key, to: ["workflow", each.id] })),
    ...items("work_items")
      .filter((each) => fits(each.title, each.description, each.assigned_to, each.project_key))
      .map((each) => ({ kind: "item", text: each.title, more: each.assigned_to ?? each.status, to: ["item", each.id] })),
  ],
});
