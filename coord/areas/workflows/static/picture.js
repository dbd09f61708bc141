// What depends on what, drawn: each item stands to the right of everything it depends on.

import { href, html, useMemo, visible } from "../board/kit.js";

const WIDTH = 190;
const HEIGHT = 44;
const GAP_X = 56;
const GAP_Y = 14;
const MAX_DRAWN = 150;
const TITLE = 23; // characters that fit into a box, of a usual width

/** Columns of ids: an item's is one more than the highest of what it depends on. */
function columnsOf(items, byId) {
  const columns = new Map();
  const columnOf = (id) => {
    if (!columns.has(id)) {
      columns.set(id, 0); // coord allows no circles; this keeps the page alive should one be there
      const needs = byId.get(id).depends_on.filter((other) => byId.has(other));
      columns.set(id, needs.length === 0 ? 0 : 1 + Math.max(...needs.map(columnOf)));
    }
    return columns.get(id);
  };
  for (const each of items) columnOf(each.id);
  return columns;
}

/**
 * Where each item stands, and through which places each line goes: one that passes a column has a place of its own
 * in it, so that it crosses no box.
 */
export function layout(items) {
  const byId = new Map(items.map((each) => [each.id, each]));
  const columns = columnsOf(items, byId);
  const filled = []; // by column: [id, ids in the column before]
  const put = (id, column, after) => (filled[column] ??= []).push([id, after]);
  const lines = [];
  for (const each of items) {
    const column = columns.get(each.id);
    const before = each.depends_on.filter((other) => byId.has(other)).map((other) => {
      const line = [other];
      for (let passed = columns.get(other) + 1; passed < column; passed += 1) {
        const id = `${other} ${each.id} ${passed}`;
        put(id, passed, [line.at(-1)]);
        line.push(id);
      }
      lines.push([...line, each.id]);
      return line.at(-1);
    });
    put(each.id, column, before);
  }
  const places = new Map();
  let rows = 0;
  filled.forEach((ids, column) => {
    const wish = (after) => (after.length === 0 ? 0 : after.reduce((sum, other) => sum + places.get(other).row, 0) / after.length);
    let row = -1;
    for (const [id, after] of ids.sort(([, a], [, b]) => wish(a) - wish(b))) {
      row = Math.max(row + 1, Math.round(wish(after)));
      places.set(id, { row, x: column * (WIDTH + GAP_X), y: row * (HEIGHT + GAP_Y) });
    }
    rows = Math.max(rows, row + 1);
  });
  return { places, lines, width: filled.length * (WIDTH + GAP_X) - GAP_X, height: rows * (HEIGHT + GAP_Y) - GAP_Y };
}

export function Picture({ items }) {
  const linked = useMemo(() => {
    const needed = new Set(items.flatMap((each) => each.depends_on));
    return items.filter((each) => each.depends_on.length > 0 || needed.has(each.id)).slice(0, MAX_DRAWN);
  }, [items]);
  if (linked.length === 0) return null;
  const { places, lines, width, height } = layout(linked);
  return html`<section class="panel"><h2>What depends on what</h2>
    <div class="picture" tabindex="0" role="region" aria-label=${`What depends on what: ${linked.length} items`}>
      <svg width=${width + 4} height=${height + 4} viewBox=${`-2 -2 ${width + 4} ${height + 4}`}>
        ${lines.map((line) => edge(line.map((id) => places.get(id))))}
        ${linked.map((each) => box(each, places.get(each.id)))}
      </svg>
    </div>
  </section>`;
}

/** From the right side of the first box to the left side of the last, straight through what lies between. */
function edge(line) {
  const parts = line.slice(1).map((to, at) => {
    const [x1, y1] = [line[at].x + WIDTH, line[at].y + HEIGHT / 2];
    const y2 = to.y + HEIGHT / 2;
    const start = at === 0 ? `M${x1} ${y1}` : `H${x1}`;
    return `${start}C${x1 + GAP_X / 2} ${y1} ${to.x - GAP_X / 2} ${y2} ${to.x} ${y2}`;
  });
  return html`<path class="edge" d=${parts.join("")} />`;
}

function box(each, { x, y }) {
  const full = visible(each.title);
  const title = full.length > TITLE ? `${full.slice(0, TITLE)}…` : full;
  const status = each.ready ? "ready" : each.status.replaceAll("_", " ");
  return html`<a href=${href(["item", each.id])} class="box ${each.status}" aria-label=${`${full}, ${status}`}>
    <rect x=${x} y=${y} width=${WIDTH} height=${HEIGHT} rx="5" />
    <text x=${x + 10} y=${y + 18}>${title}</text>
    <text class="quiet" x=${x + 10} y=${y + 35}>${status}</text>
  </a>`;
}
