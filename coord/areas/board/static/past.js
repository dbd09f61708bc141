// What there was at a moment besides locks: rebuilt by the service from the journal.

import { call } from "./api.js";
import { href } from "./location.js";
import { Empty, ProjectLink, Rows, SessionLink, Text, Time, html, useEffect, useState } from "./ui.js";

/** The answer of a read that is made when `key` changes: `{ answer, problem }`. */
export function useAnswer(path, query) {
  const key = JSON.stringify([path, query]);
  const [state, setState] = useState({ answer: null, problem: "", key: null });
  useEffect(() => {
    let over = false;
    call({ path, query })
      .then((answer) => !over && setState({ answer, problem: "", key }))
      .catch((error) => !over && setState({ answer: null, problem: error.message, key }));
    return () => (over = true);
  }, [key]);
  return state.key === key ? state : { answer: null, problem: "" };
}

export function Past({ at, project, fits }) {
  const { answer, problem } = useAnswer("/board/past", { at: new Date(at).toISOString(), project_key: project });
  if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
  if (!answer) return html`<p class="quiet pad">Looking…</p>`;
  return answer.lists.map((list) => html`<${PastList} key=${list.title} list=${list} fits=${fits} />`);
}

function PastList({ list, fits }) {
  const fitting = list.items.filter((each) => fits(each.project_key, each.text, each.state, each.session_id));
  const id = `past-${list.title}`;
  return html`<section class="panel" aria-labelledby=${id}><h2 id=${id}>${list.title} <span class="count">${fitting.length}</span></h2>
    ${!list.complete && html`<p class="pad quiet">There were more: this is what had changed last.</p>`}
    ${fitting.length === 0
      ? html`<${Empty}>None at that moment${fits.any ? " that fits the filter" : ""}.</${Empty}>`
      : html`<${Rows} items=${fitting} keyOf=${(each) => href(each.to)} label=${list.title} row=${(each) => html`<div class="stood">
          <span class="state">${each.state.replaceAll("_", " ")}</span>
          <span class="name"><a href=${href(each.to)}><${Text} of=${each.text || each.session_id} cut=${160} /></a></span>
          <span class="who"><${SessionLink} id=${each.session_id} /></span>
          <span class="of"><${ProjectLink} project=${each.project_key} /></span>
          <span class="when"><${Time} at=${each.since} /></span></div>`} />`}
  </section>`;
}
