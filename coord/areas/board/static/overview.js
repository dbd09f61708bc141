// The board itself: trouble first, then the panels of all areas, in columns.

import { act } from "./act.js";
import { server } from "./commands.js";
import { useFilter } from "./filter.js";
import { live } from "./live.js";
import { href, place, setParams } from "./location.js";
import { items, model, useModel } from "./model.js";
import { areasOnBoard, panels, troubles } from "./registry.js";
import { clock, now } from "./time.js";
import { useStore } from "./store.js";
import { Empty, ProjectLink, State, Text, Time, html, useState } from "./ui.js";
import { Boundary } from "./boundary.js";

const SHOWN_OF_A_WORD = 4;

export function Overview() {
  useModel();
  useStore(live);
  const old = live.phase !== "live";
  return html`<main id="main" tabindex="-1" class=${old ? "board old" : "board"}>
    <h1 class="unseen">Board</h1>
    ${model.loaded && isEmpty() && html`<${Beginning} />`}
    <${Troubles} />
    ${[1, 2, 3].map((column) => html`<div class="column column-${column}" key=${column}>
      ${panels().filter((panel) => panel.column === column).map((panel) => html`<${Panel} key=${panel.name} panel=${panel} />`)}
    </div>`)}
  </main>`;
}

const isEmpty = () => [...model.lists.keys()].every((name) => items(name).length === 0) && model.changes.length === 0;

function Panel({ panel }) {
  const closed = (place.params.closed ?? "").split(",").filter(Boolean);
  const open = !closed.includes(panel.name);
  const toggle = () => setParams({ closed: (open ? [...closed, panel.name] : closed.filter((name) => name !== panel.name)).join(",") });
  const fits = useFilter();
  return html`<section class="panel" aria-labelledby=${`panel-${panel.name}`}>
    <h2 id=${`panel-${panel.name}`}>
      <button type="button" aria-expanded=${open} onClick=${toggle}>${panel.title}</button>
      ${panel.count && html`<span class="count">${panel.count(fits)}</span>`}
    </h2>
    ${open && html`<${Boundary} name=${panel.title}><${panel.component} /></${Boundary}>`}
  </section>`;
}

/** Everything that needs somebody, worst first; within that, in an order that does not change. */
export function allTroubles() {
  const all = [...troubles(now()), ...brokenParts()];
  const place = ({ severity, word, key }) => `${severity === "bad" ? 0 : 1} ${word} ${key}`;
  const rank = (each) => (each.severity === "bad" ? 0 : 1000) + (each.rank ?? 50);
  return all.sort((a, b) => rank(a) - rank(b) || (place(a) < place(b) ? -1 : 1));
}

/** Modules that the page links and that have not run: an area's, which could not be loaded. */
function brokenParts() {
  const linked = [...document.querySelectorAll("script[type=module]")].map((script) => script.getAttribute("src").split("/").at(-2));
  const missing = linked.filter((area) => area !== "board" && !areasOnBoard().includes(area));
  return missing.map((area) => ({ key: `part ${area}`, severity: "warn", word: "broken", text: `The panel “${area}” could not be loaded` }));
}

function Troubles() {
  useStore(clock);
  const fits = useFilter();
  const everything = allTroubles();
  const fitting = everything.filter((trouble) => fits(trouble.project ?? null, trouble.text, trouble.word));
  const words = [...new Set(fitting.map((trouble) => trouble.word))];
  return html`<section class=${fitting.length ? "panel troubles" : "panel troubles none"} aria-labelledby="panel-troubles">
    <h2 id="panel-troubles">Needs attention <span class="count">${fitting.length}</span></h2>
    ${fitting.length === 0
      ? html`<p class="pad">${
          everything.length === 0
            ? html`<${State} kind="good" word="Nothing needs you" />`
            : html`<span class="quiet">Nothing that fits the filter needs you; ${everything.length} in all. <a href=${href([])}>Show all</a></span>`
        }</p>`
      : html`<div class="groups">${words.map((word) => html`<${TroublesOf} key=${word} word=${word} list=${fitting.filter((trouble) => trouble.word === word)} />`)}</div>`}
  </section>`;
}

function TroublesOf({ word, list }) {
  const [all, setAll] = useState(false);
  const shown = all ? list : list.slice(0, SHOWN_OF_A_WORD);
  return html`<ul class="rows" aria-label=${word}>
    ${shown.map((trouble) => html`<li key=${trouble.key}><div class="trouble">
      <${State} kind=${trouble.severity} word=${trouble.word} />
      <span class="what">${trouble.to ? html`<a href=${href(...trouble.to)}><${Text} of=${trouble.text} cut=${240} /></a>` : html`<${Text} of=${trouble.text} cut=${240} />`}</span>
      <span class="when">${trouble.project && html`<${ProjectLink} project=${trouble.project} />`} ${trouble.since && html`<${Time} at=${trouble.since} />`}</span>
      <span class="todo">${trouble.act && html`<button type="button" class="plain" onClick=${() => act(trouble.act.of())}>${trouble.act.label}</button>`}</span>
    </div></li>`)}
    ${list.length > shown.length && html`<li><button type="button" class="plain more" onClick=${() => setAll(true)}>${list.length - shown.length} more: ${word}</button></li>`}
  </ul>`;
}

function Beginning() {
  const claim = `curl -fsS -H 'Content-Type: application/json' -d '{"project_key": "shop", "session_id": "web-1/agent", "resource": "src/app.py"}' ${server()}/api/coord/locks`;
  return html`<section class="panel beginning" aria-labelledby="beginning">
    <h2 id="beginning">Nothing has happened here yet</h2>
    <${Empty} commands=${[`curl -fsS ${server()}/client/install.sh | sh`, "coord init", claim]}>
      Install the client and set up a repository; from then on its sessions appear here. Or claim a lock with curl, to see one.
    </${Empty}>
  </section>`;
}
