// Saved views: addresses of the page under names of the reader's own, kept in this browser.

import { place, usePlace } from "./location.js";
import { Store, keep, kept, useStore } from "./store.js";
import { Text, html, useState } from "./ui.js";

const NAME = "coord.views";

const views = new Store();
views.all = read();

function read() {
  try {
    const stored = JSON.parse(kept(localStorage, NAME, "[]"));
    return stored.filter((view) => typeof view.name === "string" && /^#\//.test(view.hash));
  } catch {
    return []; // somebody else's, or broken: none is better than a page that does not start
  }
}

function store(all) {
  views.all = all;
  keep(localStorage, NAME, JSON.stringify(all));
  views.changed();
}

export function Views() {
  useStore(views);
  usePlace();
  const [name, setName] = useState("");
  const save = (event) => {
    event.preventDefault();
    const others = views.all.filter((view) => view.name !== name.trim());
    store([...others, { name: name.trim(), hash: location.hash || "#/" }]);
    setName("");
  };
  return html`<div class="views">
    ${views.all.map((view) => html`<p key=${view.name}><a href=${view.hash} aria-current=${view.hash === (location.hash || "#/") ? "page" : undefined}><${Text} of=${view.name} cut=${40} /></a>
      <button type="button" class="plain" aria-label=${`Forget ${view.name}`} onClick=${() => store(views.all.filter((other) => other !== view))}>Forget</button></p>`)}
    <form onSubmit=${save}><label>Save ${place.path[0] ?? "this view"} as
      <input value=${name} maxlength="60" required onInput=${(event) => setName(event.target.value)} /></label>
      <button type="submit" class="plain" disabled=${!name.trim()}>Save</button></form>
  </div>`;
}
