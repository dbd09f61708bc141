// What depends on what, drawn: each item stands to the right of everything it depends on.

import { href, html, useMemo, visible } from "../board/kit.js";

const WIDTH = 190;
const HEIGHT = 44;
const GAP_X = 56;
const GAP_Y = 14;
const MAX_DRAWN = 150;
const TITLE = 24; // characters that fit into a box

/** Where each item stands: its column is one more than the highest of what it depends on. */
export function layout(items) {
  const byId = new Map(items.map((each) => [each.id, each]));
  const columns = new Map();
  const columnOf = (id) => {
    if (!columns.has(id)) {
      columns.set(id, 0); // coord allows no circles; this keeps the page alive should one be there
      const needs = byId.get(id).depends_on.filter((other) => byId.has(other));
      columns.set(id, needs.length === 0 ? 0 : 1 + Math.max(...needs.map(columnOf)));
    }
    return columns.get(id);
  };
  const filled = [];
  const places = new Map();
  for (const each of items) {
    const column = columnOf(each.id);
    filled[column] = (filled[column] ?? 0) + 1;
    places.set(each.id, { x: column * (WIDTH + GAP_X), y: (filled[column] - 1) * (HEIGHT + GAP_Y) });
  }
  const rows = Math.max(...[...filled].map((count) => count ?? 0), 0);
  return { places, width: filled.length * (WIDTH + GAP_X) - GAP_X, height: rows * (HEIGHT + GAP_Y) - GAP_Y };
}

export function Picture({ items }) {
  const linked = useMemo(() => {
    const needed = new Set(items.flatMap((each) => each.depends_on));
    return items.filter((each) => each.depends_on.length > 0 || needed.has(each.id)).slice(0, MAX_DRAWN);
  }, [items]);
  if (linked.length === 0) return null;
  const { places, width, height } = layout(linked);
  return html`<section class="panel"><h2>What depends on what</h2>
    <div class="picture" tabindex="0" role="region" aria-label=${`What depends on what: ${linked.length} items`}>
      <svg width=${width + 4} height=${height + 4} viewBox=${`-2 -2 ${width + 4} ${height + 4}`}>
        ${linked.flatMap((each) => each.depends_on.filter((other) => places.has(other)).map((other) => edge(places.get(other), places.get(each.id))))}
        ${linked.map((each) => box(each, places.get(each.id)))}
      </svg>
    </div>
  </section>`;
}

function edge(from, to) {
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
  return html`<path class="edge" d=${`M${x1} ${y1}C${x1 + GAP_X / 2} ${y1} ${x2 - GAP_X / 2} ${y2} ${x2} ${y2}`} />`;
}

function box(each, { x, y }) {
  const whole = visible(each.title);
  const title = whole.length > TITLE ? `${whole.slice(0, TITLE)}…` : whole;
  const status = each.ready ? "ready" : each.status.replaceAll("_", " ");
  return html`<a href=${href(["item", each.id])} class="box ${each.status}" aria-label=${`${whole}, ${status}`}>
    <rect x=${x} y=${y} width=${WIDTH} height=${HEIGHT} rx="5" />
    <text x=${x + 10} y=${y + 18}>${title}</text>
    <text class="quiet" x=${x + 10} y=${y + 35}>${status}</text>
  </a>`;
}
