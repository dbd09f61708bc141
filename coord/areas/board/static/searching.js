// The search over everything: what the page knows at once, and the locks that a claim of the words would meet.

import { call } from "./api.js";
import { hasWords, wordsIn } from "./filter.js";
import { href, usePlace } from "./location.js";
import { items, useModel } from "./model.js";
import { search } from "./registry.js";
import { Empty, Rows, SessionLink, Text, html, useEffect, useState } from "./ui.js";

const MAX_SHOWN = 200;

export function Searching() {
  useModel();
  const { params } = usePlace();
  const words = wordsIn(params.q);
  const results = words.length === 0 ? [] : search((...texts) => hasWords(words, texts));
  return html`<main id="main" tabindex="-1" class="page">
    <nav aria-label="Where you are"><a href=${href([], { project: params.project })}>Board</a> <span aria-hidden="true">/</span> <span class="quiet">search</span></nav>
    <header><h1>Search: <${Text} of=${params.q ?? ""} cut=${80} /></h1></header>
    <div class="sections">
      <${Blocking} resource=${(params.q ?? "").trim()} />
      <section class="panel" aria-labelledby="found"><h2 id="found">Found <span class="count">${results.length}</span></h2>
        ${results.length === 0
          ? html`<${Empty}>Nothing open has these words. Who held or waited for it before: <a href=${href(["timeline"], { project: params.project, q: params.q })}>on the timeline</a>.</${Empty}>`
          : html`<${Rows} items=${results.slice(0, MAX_SHOWN)} keyOf=${(each) => href(each.to)} label="Found" row=${(each) => html`<div class="found">
              <span class="kind quiet">${each.kind}</span><a class="name" href=${href(each.to)}><${Text} of=${each.text} cut=${200} /></a><span class="more quiet"><${Text} of=${each.more} cut=${160} /></span>
            </div>`} />`}
      </section>
    </div>
  </main>`;
}

/** Who blocks a file of that name, asked of the service, which knows about trees and spellings. */
function Blocking({ resource }) {
  const projects = [...new Set(items("locks").map((lock) => lock.project_key))];
  const key = JSON.stringify([resource, projects]);
  const [locks, setLocks] = useState([]);
  useEffect(() => {
    if (!resource) return setLocks([]);
    let over = false;
    const ask = async () => {
      const answers = projects.map((project) => call({ path: "/locks", query: { project_key: project, resource } }).catch(() => ({ items: [] })));
      const blocking = (await Promise.all(answers)).flatMap((page) => page.items);
      if (!over) setLocks(blocking);
    };
    const timer = setTimeout(ask, 250);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [key]);
  if (locks.length === 0) return null;
  return html`<section class="panel" aria-labelledby="blocking"><h2 id="blocking">Blocks <${Text} of=${resource} cut=${80} /></h2>
    <${Rows} items=${locks} keyOf=${(lock) => lock.id} label="Locks that block it" row=${(lock) => html`<div class="found">
      <span class="kind quiet">lock</span><a class="name" href=${href(["resource", lock.project_key, lock.resource])}><${Text} of=${lock.resource} cut=${200} /></a>
      <span class="more">held by <${SessionLink} id=${lock.session_id} /></span>
    </div>`} />
  </section>`;
}
