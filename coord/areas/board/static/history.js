// Pieces of the journal: the latest changes on the board, and the history of one thing.

import { call } from "./api.js";
import { useFilter } from "./filter.js";
import { isQuiet, reads } from "./journal.js";
import { href } from "./location.js";
import { model, useModel } from "./model.js";
import { useReading } from "./page.js";
import { Empty, ProjectLink, Rows, SessionLink, Text, Time, html, useState } from "./ui.js";

export function Event({ event, project = true }) {
  const { who, verb, text, more, to } = reads(event);
  const linked = to && to.every((part) => part !== undefined && part !== null);
  return html`<div class="event">
    <${Time} at=${event.at} />
    <span class="what"><${SessionLink} id=${who} unset="coord" /> ${verb} ${" "}
      ${text && (linked ? html`<a href=${href(to)}><${Text} of=${text} cut=${160} /></a>` : html`<${Text} of=${text} cut=${160} />`)}
      ${more && html` <span class="quiet"><${Text} of=${more} cut=${120} /></span>`}
    </span>
    ${project && event.project_key && html`<span class="of"><${ProjectLink} project=${event.project_key} /></span>`}
  </div>`;
}

const SHOWN = 20;

export const latest = (fits) =>
  model.changes.filter((event) => !isQuiet(event) && fits(event.project_key, event.session_id, reads(event).text, event.type));

export function Latest() {
  useModel();
  const fits = useFilter();
  const events = latest(fits).slice(0, SHOWN);
  if (events.length === 0) return html`<${Empty}>Nothing has changed${fits.any ? " that fits the filter" : ""}.</${Empty}>`;
  return html`<${Rows} items=${events} keyOf=${(event) => event.revision} label="Latest changes" className="events" row=${(event) => html`<${Event} event=${event} />`} />`;
}

/** The newest page goes in front of what is known; an older one behind it. */
function taken(was, key, page, after) {
  if (was.key !== key || was.items.length === 0) return { key, items: page.items, older: page.next_cursor, problem: "" };
  if (after) return { key, items: [...was.items, ...page.items], older: page.next_cursor, problem: "" };
  const oldest = page.items.at(-1)?.revision ?? 0;
  const meets = page.next_cursor === null || page.items.some((event) => event.revision === was.items[0].revision);
  if (!meets) return { key, items: page.items, older: page.next_cursor, problem: "" };
  return { ...was, items: [...page.items, ...was.items.filter((event) => event.revision < oldest)], problem: "" };
}

/** What the journal has about something; `about`: the parameters of `GET /board/history`. Read anew when something changes. */
export function History({ about, title = "History" }) {
  const key = JSON.stringify(about);
  const [state, setState] = useState({ key, items: [], older: undefined, problem: "" });
  const read = async (after) => {
    try {
      const page = await call({ path: "/board/history", query: { ...about, after } });
      setState((was) => taken(was, key, page, after));
    } catch (error) {
      setState((was) => ({ ...was, problem: error.message }));
    }
  };
  useReading(key, () => read());
  return html`<section class="panel">
    <h2>${title}</h2>
    ${state.problem && html`<p class="problem">${state.problem}</p>`}
    <${Rows} items=${state.items} keyOf=${(event) => event.revision} label=${title} className="events" row=${(event) => html`<${Event} event=${event} />`} />
    ${state.older === null && state.items.length === 0 && html`<p class="quiet pad">The journal has nothing about it.</p>`}
    ${state.older && html`<button type="button" class="plain more" onClick=${() => read(state.older)}>Older</button>`}
  </section>`;
}
