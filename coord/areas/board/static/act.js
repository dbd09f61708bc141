// Acting: a dialog that says what will happen and to whom, takes a reason, shows the same as command lines, and does it.

import { Refused, call } from "./api.js";
import { Command, Text, html, useEffect, useRef, useState } from "./ui.js";
import { coordLine, curlLine } from "./commands.js";
import { refresh } from "./live.js";
import { Store, keep, kept, useStore } from "./store.js";

export const operator = new Store();
operator.name = kept(localStorage, "coord.operator", "");

export function setOperator(name) {
  operator.name = name;
  keep(localStorage, "coord.operator", name);
  operator.changed();
}

const dialog = new Store();
dialog.action = null;
dialog.done = "";

/**
 * Opens the dialog for an action:
 *   title, button      what it does, and the word on the button
 *   says               a sentence about what becomes of it
 *   touches            names of sessions that it touches
 *   final              it cannot be taken back: asks for a tick
 *   fields             [{ name, label, kind, value, options, required, hint }]; kind text, long, number or choice
 *   reason             true: asks for one, which goes as a message to those it touches, and so into the journal;
 *                      "call": must be given, and the call carries it
 *   calls(values, me, reason)  the calls it makes, in order: { method, path, query, body, coord, project, as }
 */
export function act(action) {
  Object.assign(dialog, { action, done: "" });
  dialog.changed();
}

/** A button that opens the dialog; the word says what it does. */
export function Act({ of, children }) {
  return html`<button type="button" class="plain" onClick=${() => act(of())}>${children}</button>`;
}

const valuesOf = (action) => Object.fromEntries((action.fields ?? []).map((field) => [field.name, field.value ?? ""]));

/** The calls of an action, and after them the messages that carry the reason. */
function callsOf(action, values, me, reason) {
  const calls = action.calls(values, me, reason);
  if (!reason || action.reason === "call") return calls;
  const subject = `${action.title}: ${reason}`.slice(0, 200);
  const recipients = (action.touches ?? []).filter((name) => name !== me);
  return [...calls, ...recipients.map((to) => message({ me, to, project: action.project, subject, body: reason }))];
}

export function message({ me, to, project, subject, body, importance, replyTo }) {
  return {
    method: "POST",
    path: "/messages",
    body: compact({ from_session: me, to_session: to, project_key: project, subject, body, importance, reply_to: replyTo }),
    coord: [
      "send",
      ...(to ? ["--to", to] : []),
      ...(importance && importance !== "normal" ? ["--importance", importance] : []),
      ...(replyTo ? ["--reply-to", replyTo] : []),
      ...["--", subject, body],
    ],
    as: me,
    project,
  };
}

const compact = (body) => Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined && value !== null && value !== ""));

export function ActionDialog() {
  const { action } = useStore(dialog);
  const element = useRef(null);
  useEffect(() => {
    if (action && !element.current.open) element.current.showModal();
    if (!action && element.current?.open) element.current.close();
  }, [action]);
  const close = () => {
    dialog.action = null;
    dialog.changed();
  };
  return html`<dialog ref=${element} onClose=${close} aria-labelledby="action-title">
    ${action && html`<${Form} key=${action} action=${action} close=${close} />`}
  </dialog>`;
}

function Form({ action, close }) {
  const [values, setValues] = useState(valuesOf(action));
  const [me, setMe] = useState(operator.name);
  const [reason, setReason] = useState("");
  const [sure, setSure] = useState(false);
  const [state, setState] = useState({ busy: false, problem: "" });
  const missing = (action.reason === "call" && !reason.trim()) || (action.fields ?? []).some((field) => field.required && !String(values[field.name]).trim());
  const calls = callsOf(action, values, me.trim() || "YOU", reason.trim());
  const ready = me.trim() && !missing && calls.length > 0 && (!action.final || sure) && !state.busy;

  const send = async (event) => {
    event.preventDefault();
    if (!ready) return;
    setOperator(me.trim());
    setState({ busy: true, problem: "" });
    let done = 0;
    try {
      for (const each of calls) {
        await call(each);
        done += 1;
      }
      close();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const before = done > 0 ? `${done} of ${calls.length} calls were done, then: ` : "";
      setState({ busy: false, problem: before + error.message });
    }
    refresh({ anew: true });
  };

  return html`<form onSubmit=${send} method="dialog">
    <h2 id="action-title"><${Text} of=${action.title} cut=${200} /></h2>
    ${action.says && html`<p>${action.says}</p>`}
    ${action.touches?.length > 0 && html`<p>Touches: ${action.touches.map((name, at) => html`${at > 0 && ", "}<strong><${Text} of=${name} /></strong>`)}.</p>`}
    ${(action.fields ?? []).map((field) => html`<${Field} field=${field} value=${values[field.name]} change=${(value) => setValues({ ...values, [field.name]: value })} />`)}
    ${action.reason && html`<label>Reason <span class="quiet">${reasonHint(action, me)}</span>
      <textarea rows="2" maxlength="180" required=${action.reason === "call"} value=${reason} onInput=${(event) => setReason(event.target.value)}></textarea></label>`}
    <label>Your name <span class="quiet">you act under it, and others see it</span>
      <input value=${me} required maxlength="200" placeholder="anna" autocomplete="off" onInput=${(event) => setMe(event.target.value)} /></label>
    ${action.final && html`<label class="tick"><input type="checkbox" checked=${sure} onChange=${(event) => setSure(event.target.checked)} />
      I know that this cannot be taken back.</label>`}
    <details class="same"><summary>The same on the command line</summary>
      ${calls.map((each) => html`<div>
        ${each.coord && html`<${Command} label="coord" line=${coordLine(each)} />`}
        <${Command} label="curl" line=${curlLine(each)} />
      </div>`)}
    </details>
    ${state.problem && html`<p class="problem" role="alert"><${Text} of=${state.problem} /></p>`}
    <div class="buttons">
      <button type="button" class="plain" onClick=${close}>Cancel</button>
      <button type="submit" class=${action.final ? "danger" : "primary"} disabled=${!ready}>${state.busy ? "Working…" : action.button}</button>
    </div>
  </form>`;
}

function reasonHint(action, me) {
  const recipients = (action.touches ?? []).filter((name) => name !== me);
  return recipients.length > 0 ? `goes to ${recipients.join(", ")} as a message, and so into the journal` : "";
}

function Field({ field, value, change }) {
  const input = { required: field.required, onInput: (event) => change(event.target.value), value };
  return html`<label>${field.label} ${field.hint && html`<span class="quiet">${field.hint}</span>`}
    ${field.kind === "choice"
      ? html`<select ...${input} onChange=${input.onInput}>${field.options.map((option) => html`<option value=${option}>${option || "–"}</option>`)}</select>`
      : field.kind === "long"
        ? html`<textarea rows="5" ...${input}></textarea>`
        : html`<input type=${field.kind === "number" ? "number" : "text"} ...${input} autocomplete="off" />`}
  </label>`;
}
