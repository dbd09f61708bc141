// What every part of the page is drawn with: markup, text of others, times, states, lists.

import { h } from "./vendor/preact.js";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
import htm from "./vendor/htm.js";
import { href } from "./location.js";
import { exact, relative, useNow } from "./time.js";

export const html = htm.bind(h);
export { useEffect, useLayoutEffect, useMemo, useRef, useState };

// What has no shape of its own, or turns the text around it, is shown by its number.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

export function visible(text) {
  return String(text ?? "").replace(UNSEEN, (letter) => `⟨${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

const SURELY_SEEN = 24; // characters; what is longer may be cut where it stands, and is whole in its tooltip

/** Text of others: isolated from what stands beside it, and never markup. */
export function Text({ of, cut }) {
  const text = visible(of);
  const shown = cut && text.length > cut ? `${text.slice(0, cut)}…` : text;
  return html`<bdi title=${cut && text.length > SURELY_SEEN ? text : undefined}>${shown}</bdi>`;
}

/** A moment, "3 min ago", the exact one in its title; or the exact one, where the reader asked for it. */
export function Time({ at, unset = "never" }) {
  const now = useNow();
  if (!at) return html`<span class="quiet">${unset}</span>`;
  return html`<time datetime=${at} title=${exact(at)}>${relative(at, now)}</time>`;
}

const SHAPES = {
  good: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z",
  busy: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11zM8 4.5v7a3.5 3.5 0 0 0 0-7z",
  wait: "M4 2.5h8v2.2L9.4 8l2.6 3.3v2.2H4v-2.2L6.6 8L4 4.7z",
  warn: "M8 2L14.5 13.5H1.5z",
  bad: "M8 1L15 8L8 15L1 8z",
  off: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11zM8 4.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z",
};

/** A state by its word and a shape; the colour only repeats them. `kind`: good, busy, wait, warn, bad or off. */
export function State({ kind, word }) {
  return html`<span class="state ${kind}">
    <svg viewBox="0 0 16 16" aria-hidden="true"><path fill-rule="evenodd" d=${SHAPES[kind] ?? SHAPES.off} /></svg>${visible(word)}
  </span>`;
}

export function Link({ to, params, children, ...more }) {
  return html`<a href=${href(to, params)} ...${more}>${children}</a>`;
}

const SHORT_STEP = 22; // characters that a narrow column still has room for

/** A session's name breaks after a slash, not inside `web-1`. */
function Name({ of }) {
  const steps = visible(of).split(/(?<=\/)/);
  if (steps.some((step) => step.length > SHORT_STEP)) return html`<${Text} of=${of} />`;
  return html`<bdi>${steps.map((step, at) => html`${at > 0 && html`<wbr />`}<span class="step">${step}</span>`)}</bdi>`;
}

export function SessionLink({ id, unset = "nobody" }) {
  if (!id) return html`<span class="quiet unset">${unset}</span>`;
  return html`<a class="name" href=${href(["session", id])}><${Name} of=${id} /></a>`;
}

export function ProjectLink({ project }) {
  if (!project) return html`<span class="quiet">all projects</span>`;
  return html`<a class="tag" href=${href([], { project })}><${Text} of=${project} /></a>`;
}

/** What stands where there is nothing: what it would be, and how to begin. */
export function Empty({ children, commands = [] }) {
  return html`<div class="empty">
    <p>${children}</p>
    ${commands.map((line) => html`<${Command} line=${line} />`)}
  </div>`;
}

/** A command line to copy. */
export function Command({ line, label }) {
  const [copied, setCopied] = useState(false);
  const code = useRef(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(line);
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    } catch {
      getSelection().selectAllChildren(code.current); // no clipboard without https: select it, to be copied by hand
    }
  };
  return html`<div class="command">
    ${label && html`<span class="label">${label}</span>`}
    <code ref=${code} tabindex="0">${line}</code>
    <button type="button" class="plain" onClick=${copy} aria-label=${`Copy: ${line.slice(0, 60)}`}>${copied ? "Copied" : "Copy"}</button>
  </div>`;
}

export function Facts({ of }) {
  return html`<dl class="facts">
    ${of.filter(Boolean).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

const ALL_AT_ONCE = 80; // rows that are simply drawn
const AROUND = 12; // rows drawn above and below what is seen, so that scrolling shows no gap

/** Rows: a few are drawn as they are, many in a box that draws only what is seen. `row(item)` gives an <li>'s content. */
export function Rows({ items, keyOf, row, label, className = "" }) {
  if (items.length <= ALL_AT_ONCE) {
    return html`<ul class="rows ${className}" aria-label=${label}>
      ${items.map((item) => html`<li key=${keyOf(item)}>${row(item)}</li>`)}
    </ul>`;
  }
  return html`<${Window} items=${items} keyOf=${keyOf} row=${row} label=${label} className=${className} />`;
}

function Window({ items, keyOf, row, label, className }) {
  const box = useRef(null);
  const [range, setRange] = useState({ first: 0, last: 40, height: 0 });
  useLayoutEffect(() => {
    const measure = () => {
      if (box.current === null) return; // a page that was left just now
      const height = box.current.querySelector("li")?.offsetHeight || 34;
      const first = Math.max(0, Math.floor(box.current.scrollTop / height) - AROUND);
      const last = Math.ceil((box.current.scrollTop + box.current.clientHeight) / height) + AROUND;
      setRange((was) => (was.first === first && was.last === last && was.height === height ? was : { first, last, height }));
    };
    measure();
    box.current.addEventListener("scroll", measure, { passive: true });
    addEventListener("resize", measure);
    return () => {
      box.current?.removeEventListener("scroll", measure);
      removeEventListener("resize", measure);
    };
  }, []);
  const first = Math.min(range.first, Math.max(0, items.length - 1));
  const drawn = items.slice(first, range.last);
  const below = Math.max(0, items.length - first - drawn.length);
  return html`<div class="window" ref=${box} tabindex="0" role="region" aria-label=${`${label}, ${items.length} rows`}>
    <div ref=${tall(first * range.height)}></div>
    <ul class="rows fixed ${className}" aria-label=${label}>
      ${drawn.map((item, at) => html`<li key=${keyOf(item)} aria-setsize=${items.length} aria-posinset=${first + at + 1}>${row(item)}</li>`)}
    </ul>
    <div ref=${tall(below * range.height)}></div>
  </div>`;
}

const tall = (height) => (element) => {
  if (element) element.style.height = `${height}px`; // the policy forbids style attributes, not this
};

/** Calls `effect` when one of the keys is pressed outside of a field. */
export function useKeys(keys) {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event) => {
      const field = event.target.closest?.("input, textarea, select, dialog, [contenteditable]");
      if (field || event.ctrlKey || event.metaKey || event.altKey) return;
      const action = latest.current[event.key];
      if (action) {
        event.preventDefault();
        action(event);
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
