// The page: its frame, what is always at the top, the keys, and which page is open.

import { ActionDialog, act, operator, setOperator } from "./act.js";
import { access, setToken } from "./api.js";
import { Boundary } from "./boundary.js";
import { Latest, latest } from "./history.js";
import { live, start } from "./live.js";
import { go, href, place, setParams, usePlace } from "./location.js";
import { items, model, useModel } from "./model.js";
import { Overview, allTroubles } from "./overview.js";
import { notify, notifying, setNotifying } from "./notify.js";
import { actions, addToBoard, pageOf, registry } from "./registry.js";
import { Searching } from "./searching.js";
import { keep, kept, useStore } from "./store.js";
import { Activity } from "./activity.js";
import { Timeline } from "./timeline.js";
import { chosenZone, clock, duration, exact, localZone, setExact, setZone, zoneOffset, zones } from "./time.js";
import { State, html, useEffect, useKeys, useRef, useState, visible } from "./ui.js";
import { Views } from "./views.js";
import { render } from "./vendor/preact.js";

addToBoard({
  area: "board",
  panels: [{ name: "latest", title: "Latest changes", column: 3, rank: 90, count: (fits) => latest(fits).length, component: Latest }],
  pages: { search: Searching, timeline: Timeline, activity: Activity },
});

const KEYS = [
  ["/", "search"],
  ["j, k", "next, previous row"],
  ["Enter", "open what is marked"],
  ["b", "back to the board"],
  ["t", "exact or relative times"],
  ["?", "these keys"],
];

function App() {
  const { path } = usePlace();
  useStore(access);
  useStore(registry);
  const help = useRef(null);
  useKeys({
    "/": () => document.getElementById("search")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    b: () => go([], {}),
    t: () => setExact(!clock.exact),
    "?": () => help.current.showModal(),
  });
  const kind = path[0];
  const Opened = kind ? pageOf(kind) : Overview;
  return html`
    <button type="button" class="skip" onClick=${() => document.getElementById("main")?.focus()}>Skip to what is new</button>
    <${Top} help=${() => help.current.showModal()} />
    <${Notice} />
    ${access.needed
      ? html`<${AskForToken} />`
      : html`<${Boundary} key=${place.path.join("/")} name=${kind ?? "The board"}>
          ${Opened ? html`<${Opened} path=${path.slice(1)} />` : html`<${Nowhere} />`}
        </${Boundary}>`}
    <${ActionDialog} />
    <dialog ref=${help} aria-labelledby="keys"><h2 id="keys">Keys</h2>
      <dl class="facts">${KEYS.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
      <div class="buttons"><button type="button" class="primary" onClick=${() => help.current.close()}>Close</button></div>
    </dialog>`;
}

/** Moves the focus to the first link of the next row. */
function step(by) {
  const rows = [...document.querySelectorAll("main li")].filter((row) => row.querySelector("a"));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  next?.querySelector("a").focus();
  next?.scrollIntoView({ block: "nearest" });
}

function Nowhere() {
  return html`<main id="main" tabindex="-1" class="page"><h1>There is no such page</h1><p><a href=${href([])}>Back to the board</a></p></main>`;
}

function Top({ help }) {
  useModel();
  const { path, params } = usePlace();
  const projects = [...new Set([...model.lists.keys()].flatMap((name) => items(name).map((each) => each.project_key)))].filter(Boolean).sort();
  if (params.project && !projects.includes(params.project)) projects.push(params.project);
  const typed = (event) => (path.length === 0 || path[0] === "search") && setParams({ q: event.target.value }, { replace: true });
  const entered = (event) => {
    event.preventDefault();
    go(["search"], { q: event.target.elements.q.value, project: params.project });
  };
  return html`<header class="top">
    <a class="home" href=${href([], { project: params.project })}>coord</a>
    <label class="project"><span class="unseen">Project</span>
      <select value=${params.project ?? ""} onChange=${(event) => (path.length === 0 ? setParams({ project: event.target.value }) : go([], { project: event.target.value }))}>
        <option value="">All projects</option>
        ${projects.map((project) => html`<option value=${project}>${visible(project)}</option>`)}
      </select></label>
    <form role="search" onSubmit=${entered}>
      <input id="search" name="q" type="search" aria-label="Filter; Enter searches everything" placeholder="Filter, or Enter to search  /" autocomplete="off"
        value=${params.q ?? ""} onInput=${typed} onKeyDown=${(event) => event.key === "Escape" && event.target.blur()} />
    </form>
    <a href=${href(["timeline"], { project: params.project })}>Timeline</a>
    <a href=${href(["activity"], { project: params.project })}>Activity</a>
    <div class="buttons">${!access.needed && actions().map((each) => html`<button type="button" class="plain" key=${each.name} onClick=${() => act(each.act())}>${each.label}</button>`)}</div>
    <${Standing} />
    <${Settings} help=${help} />
  </header>`;
}

/** How current the page is. What changes each second is not read out. */
function Standing() {
  useStore(live);
  useStore(clock);
  const ago = live.contactAt ? Math.floor((Date.now() - live.contactAt) / 1000) : null;
  const recent = ago < 5 && live.phase === "live";
  const word = { live: live.streaming === false ? "Every 3 s" : "Live", connecting: "Connecting", away: "Not current", token: "Token needed" }[live.phase];
  const kind = { live: "good", connecting: "wait" }[live.phase] ?? "bad";
  return html`<div class="standing"><${State} kind=${kind} word=${word} />
    <span class="quiet" aria-hidden="true">${ago === null ? "" : recent ? "heard just now" : `heard ${duration(ago)} ago`}</span></div>`;
}

function Notice() {
  useStore(live);
  useModel();
  const away = live.phase === "away";
  const wait = live.retryAt ? Math.max(0, Math.ceil((live.retryAt - Date.now()) / 1000)) : 0;
  return html`
    <div role="status" class="unseen">${away ? `Not current. ${live.detail}` : live.phase === "live" ? "Live" : ""}</div>
    ${away && html`<p class="notice bad"><${State} kind="bad" word="Not current" /> <span>What you see is from
      ${" "}${live.contactAt ? exact(live.contactAt + clock.offset) : "before"}. ${visible(live.detail)} Trying again${wait > 0 ? ` in ${wait} s` : ""}.</span></p>`}
    ${model.newService && html`<p class="notice"><span>coord was updated to ${model.service}.</span>
      <button type="button" class="plain" onClick=${() => location.reload()}>Load the new page</button></p>`}`;
}

const THEMES = ["", "light", "dark"];
const shown = { theme: kept(localStorage, "coord.theme", "") };

function applyTheme() {
  document.documentElement.dataset.theme = shown.theme;
}

function Settings({ help }) {
  useStore(clock);
  useStore(operator);
  useStore(notifying);
  const [theme, setTheme] = useState(shown.theme);
  const chooseTheme = (event) => {
    shown.theme = event.target.value;
    keep(localStorage, "coord.theme", shown.theme);
    applyTheme();
    setTheme(shown.theme);
  };
  return html`<details class="settings"><summary title="Settings"><span class="zone">Settings · </span><${Zone} /></summary>
    <div class="menu">
      <label>Time zone<select value=${clock.zone} onChange=${(event) => setZone(event.target.value)}>
        <option value="">As the computer: ${localZone()}</option>${zones().map((zone) => html`<option value=${zone}>${zone}</option>`)}</select></label>
      <label class="tick"><input type="checkbox" checked=${clock.exact} onChange=${(event) => setExact(event.target.checked)} /> Exact times</label>
      <label>Colours<select value=${theme} onChange=${chooseTheme}>
        ${THEMES.map((each) => html`<option value=${each}>${each || "As the computer"}</option>`)}</select></label>
      <label>Your name<input value=${operator.name} maxlength="200" placeholder="anna" onChange=${(event) => setOperator(event.target.value.trim())} /></label>
      ${notifying.possible && html`<label class="tick"><input type="checkbox" checked=${notifying.on} onChange=${(event) => setNotifying(event.target.checked)} /> Notify me of new trouble</label>`}
      <${Views} />
      <button type="button" class="plain" onClick=${help}>Keys</button>
      <a href="docs">API</a>
    </div>
  </details>`;
}

/** On a phone only what it is ahead of UTC. */
function Zone() {
  if (chosenZone() === "UTC") return "UTC";
  return html`<span title=${chosenZone()}><span class="zone">${chosenZone()} (</span>${zoneOffset()}<span class="zone">)</span></span>`;
}

function AskForToken() {
  const [value, setValue] = useState("");
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const send = (event) => {
    event.preventDefault();
    setToken(value);
  };
  return html`<main id="main" tabindex="-1" class="page"><form class="token panel" onSubmit=${send}>
    <h1>This service requires a token</h1>
    ${access.token && html`<p class="problem" role="alert">The token was wrong.</p>`}
    <p>Whoever runs the service has set it as <code>COORD_TOKEN</code>: ask there. It is kept until this tab is closed, and sent to this service only.</p>
    <label>Token<input ref=${field} type="password" autocomplete="off" required value=${value} onInput=${(event) => setValue(event.target.value)} /></label>
    <div class="buttons"><button type="submit" class="primary">Open the board</button></div>
  </form></main>`;
}

let number = 0; // of troubles

function countTroubles() {
  const troubles = model.loaded ? allTroubles() : [];
  number = troubles.length;
  if (model.loaded) notify(troubles);
  showInTab();
}

/** The number of troubles in the title and on the icon, and in the title whether it is current. */
function showInTab() {
  const stale = live.phase === "away" ? "! " : "";
  document.title = `${stale}${number > 0 ? `(${number}) ` : ""}coord`;
  const icon = document.querySelector("link[rel=icon]");
  icon.dataset.plain ??= icon.getAttribute("href");
  const colour = number > 0 ? "%23b3261e" : "%23666";
  const badge = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='${colour}'/><text x='16' y='23' font-family='sans-serif' font-weight='700' font-size='20' text-anchor='middle' fill='white'>${number > 99 ? "99" : number}</text></svg>`;
  const wanted = number > 0 ? `data:image/svg+xml,${badge.replaceAll("<", "%3C").replaceAll(">", "%3E")}` : icon.dataset.plain;
  if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
}

applyTheme();
model.watch(countTroubles);
clock.watch(countTroubles);
live.watch(showInTab);
render(html`<${App} />`, document.getElementById("board"));
start();
