// The frame of a page about one thing: what it is, what can be done, and what other areas know about it.

import { Refused, call } from "./api.js";
import { href } from "./location.js";
import { model } from "./model.js";
import { sectionsOn } from "./registry.js";
import { html, useEffect, useState } from "./ui.js";

const BETWEEN_MS = 1000;

/** `last`: what comes below the sections of other areas. */
export function Page({ kind, path, title, actions, last, children }) {
  return html`<main id="main" tabindex="-1" class="page">
    <nav aria-label="Where you are"><a href=${href([])}>Board</a> <span aria-hidden="true">/</span> <span class="quiet">${kind}</span></nav>
    <header><h1>${title}</h1><div class="actions">${actions}</div></header>
    <div class="sections">
      ${children}
      ${sectionsOn(kind).map((section) => html`<${section.component} key=${section.name} path=${path} />`)}
      ${last}
    </div>
  </main>`;
}

/** Calls `read` now, and whenever the model has changed, at most once a second; anew when `key` is another. */
export function useReading(key, read) {
  useEffect(() => {
    let timer = null;
    let readAt = 0;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        readAt = Date.now();
        read();
      }, Math.max(0, readAt + BETWEEN_MS - Date.now()));
    };
    soon();
    const stop = model.watch(soon);
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [key]);
}

/** One object of the API, kept current. `problem`: the sentence of a refusal. */
export function useObject(path, query) {
  const key = JSON.stringify([path, query]);
  const [state, setState] = useState({ object: null, problem: "", key: null });
  useReading(key, async () => {
    try {
      const object = await call({ path, query });
      setState({ object, problem: "", key });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setState((was) => ({ object: was.key === key ? was.object : null, problem: error.message, key }));
    }
  });
  return state.key === key ? state : { object: null, problem: "" };
}
