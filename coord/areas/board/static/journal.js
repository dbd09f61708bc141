// How the journal reads: all that the page knows of coord's event types and their fields is here.

import { wordsOf } from "./registry.js";

const VERBS = {
  "lock.claimed": "claimed",
  "lock.renewed": "renewed",
  "lock.upgraded": "has alone now",
  "lock.released": "released",
  "lock.taken_over": "took over",
  "lock.expired": "expired:",
  "lock.refused": "was refused",
  "lock.waiting": "waits for",
  "lock.wait_ended": "stopped waiting for",
  "component.changed": "reported",
  "component.confirmed": "confirmed",
  "component.superseded": "reported late",
  "component.retired": "retired",
  "workflow.created": "created workflow",
  "workflow.updated": "changed workflow",
  "workflow.confirmed": "confirmed workflow",
  "workflow.completed": "completed workflow",
  "workflow.cancelled": "cancelled workflow",
  "work_item.created": "added",
  "work_item.claimed": "took on",
  "work_item.completed": "completed",
  "work_item.cancelled": "cancelled",
  "work_item.returned": "gave back",
  "work_item.updated": "changed",
  "work_item.confirmed": "confirmed",
  "message.sent": "wrote",
  "message.read": "read",
  "message.acked": "acknowledged",
  "session.announced": "is here",
  "session.heartbeat": "is still here",
  "session.active": "is active",
  "session.waiting": "waits for a human:",
  "session.wait_ended": "goes on; it waited for",
  "session.state_reported": "says it is",
  "session.handed_over": "left a note:",
  "session.gone": "is gone",
  "session.ended": "ended",
  "journal.trimmed": "trimmed the journal",
};

const QUIET = new Set(["lock.renewed", "component.confirmed", "workflow.confirmed", "work_item.confirmed", "session.heartbeat", "session.active"]);

/** Signs of life, repetitions and the ends of turns, which nobody wants to read one by one. */
export const isQuiet = (event) =>
  QUIET.has(event.type) ||
  (event.type.startsWith("session.wait") && event.data.waiting_for === "input") ||
  (event.type === "session.state_reported" && event.data.state !== "rate_limited");

/** Events after which more has changed than their subject says: what a session had turns stale with it. */
export const changesMore = (event) => event.type === "session.gone";

/** `{ who, verb, text, more, to }`: who did what to what. */
export function reads(event) {
  const own = wordsOf(event.type)?.(event);
  const general = { who: event.session_id, verb: VERBS[event.type] ?? event.type, ...subjectOf(event) };
  return own ? { ...general, ...own } : general;
}

function subjectOf({ type, project_key: project, subject, data, session_id: by }) {
  switch (subject.kind) {
    case "lock":
      return { text: data.resource ?? subject.id, to: ["resource", project, data.resource], more: lockMore(type, data) };
    case "waiter": {
      const resources = data.resources ?? [data.resource ?? subject.id];
      return { text: resources.join(", "), to: ["resource", project, resources[0]], more: data.reason?.replaceAll("_", " ") };
    }
    case "component":
      return { text: data.component ?? subject.id, to: ["component", project, data.component], more: componentMore(data) };
    case "workflow":
      return { text: data.name ?? subject.id, to: ["workflow", subject.id] };
    case "work_item":
      return { text: data.title ?? subject.id, to: ["item", subject.id], more: data.was_assigned_to && `was ${data.was_assigned_to}'s` };
    case "message":
      return { text: data.subject ?? subject.id, to: ["message", subject.id], more: data.to_session && `to ${data.to_session}` };
    case "session":
      return { who: by ?? subject.id, text: "", more: data.waiting_for ?? data.state?.replaceAll("_", " ") ?? data.handover?.slice(0, 200) ?? data.task };
    default:
      return { text: subject.id };
  }
}

function lockMore(type, data) {
  if (data.reason === "stale") return `stale, was ${data.holder}'s`;
  if (data.reason === "forced") return `by force, was ${data.holder}'s: ${data.stated_reason}`;
  if (type === "lock.claimed") return data.description;
  return data.holder && `was ${data.holder}'s`;
}

function componentMore(data) {
  const from = data.previous_state && data.previous_state !== data.state ? `${data.previous_state} → ` : "";
  return `${from}${data.state ?? ""}${data.version ? ` ${data.version}` : ""}`;
}
