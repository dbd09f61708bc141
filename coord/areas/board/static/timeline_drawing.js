// The timeline's drawing: sessions as rows, what they had as bars. It knows spans and pixels, and nothing of the page.

import { exact } from "./time.js";
import { visible } from "./ui.js";

export const labels = (width) => (width < 600 ? 104 : 170); // px at the left, for the names of the rows
export const AXIS = 22; // px at the top, for the times
const LANE = 9;
const GAP = 5;
const MAX_LANES = 8; // what one session has beside more than that is drawn over the last
const STEPS_S = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 7 * 86400, 30 * 86400];
const byName = new Intl.Collator("en", { numeric: true }).compare;
const BETWEEN_TICKS = 90; // px

/** Rows with lanes, so that bars of one session lie beside each other and not upon each other; `top` and `height` in px. */
export function layOut(spans, now) {
  const bySession = new Map();
  for (const span of spans) {
    const bar = { span, start: Date.parse(span.since), end: span.until === null ? now : Date.parse(span.until), open: span.until === null };
    if (!bySession.has(span.session_id)) bySession.set(span.session_id, []);
    bySession.get(span.session_id).push(bar);
  }
  let top = 0;
  const rows = [...bySession].sort(([a], [b]) => byName(a, b)).map(([session, bars]) => {
    const row = { session, lanes: lanesOf(bars), top, height: 0 };
    row.height = Math.max(1, row.lanes.length) * LANE + GAP;
    top += row.height;
    return row;
  });
  return { rows, height: top };
}

function lanesOf(bars) {
  const lanes = [];
  for (const bar of bars.sort((a, b) => a.start - b.start)) {
    const free = lanes.findIndex((lane) => lane.at(-1).end <= bar.start);
    if (free >= 0) lanes[free].push(bar);
    else if (lanes.length < MAX_LANES) lanes.push([bar]);
    else lanes.at(-1).push(bar);
  }
  return lanes;
}

/** The first bar of a lane that may reach to the moment: bars of a lane follow each other. */
function firstUntil(lane, moment) {
  let [low, high] = [0, lane.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lane[middle].end < moment) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

export function barAt({ rows }, view, x, y) {
  const row = rows.find((each) => y >= each.top && y < each.top + each.height);
  const lane = row?.lanes[Math.floor((y - row.top) / LANE)];
  const left = labels(view.width);
  if (!lane || x < left) return null;
  const moment = view.since + ((x - left) * view.length) / (view.width - left);
  const near = (3 * view.length) / view.width; // short bars and marks are hit 3 px beside them too
  return lane.findLast((bar) => bar.start - near <= moment && (bar.open ? view.now : bar.end) + near >= moment) ?? null;
}

const COLOURS = ["panel", "line", "faint", "ink", "quiet", "good", "busy", "wait", "warn", "bad", "focus"];
const palettes = new Map(); // by theme: asking the browser costs more than a frame has

/** The page's colours as the canvas takes them: only the browser resolves light-dark(). */
export function colours(element) {
  const theme = `${document.documentElement.dataset.theme} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  if (!palettes.has(theme)) palettes.set(theme, Object.fromEntries(COLOURS.map((name) => [name, resolved(element, name)])));
  return palettes.get(theme);
}

function resolved(element, name) {
  element.style.color = `var(--${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = "";
  return color;
}

/** A pattern of tiles, `paint`ed on one of them. */
function tiled(context, width, paint) {
  const tile = document.createElement("canvas");
  [tile.width, tile.height] = [width, 6];
  paint(tile.getContext("2d"));
  return context.createPattern(tile, "repeat");
}

/** Dots, and upright stripes: neither looks like a hatch, also without colours. */
const dots = (context, colour) => tiled(context, 5, (drawing) => {
  drawing.fillStyle = colour;
  drawing.fillRect(1, 1, 3, 4);
});

const stripes = (context, colour) => tiled(context, 4, (drawing) => {
  drawing.fillStyle = colour;
  drawing.fillRect(0, 0, 2, 6);
});

const hatch = (context, colour) => tiled(context, 6, (drawing) => {
  [drawing.strokeStyle, drawing.lineWidth] = [colour, 1.6];
  for (const shift of [-6, 0, 6]) {
    drawing.beginPath();
    drawing.moveTo(shift, 6);
    drawing.lineTo(shift + 6, 0);
    drawing.stroke();
  }
});

/**
 * Draws what is seen. `view`: since, length, now, at (ms), width, height, scrolled (px), ratio of the screen.
 * Bars of one lane that fall into the same pixel are drawn once: a day of 20,000 bars has no more pixels than a minute.
 */
export function draw(context, laidOut, view, palette) {
  const { width, height, ratio } = view;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = palette.panel;
  context.fillRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  const left = labels(width);
  const xOf = (moment) => left + ((moment - view.since) * (width - left)) / view.length;
  drawAxis(context, view, palette, xOf);
  context.save();
  context.beginPath();
  context.rect(0, AXIS, width, height - AXIS);
  context.clip();
  const fills = { solid: palette.busy, hatched: hatch(context, palette.wait), asking: dots(context, palette.bad), limited: stripes(context, palette.warn), idle: palette.quiet };
  const marks = [];
  for (const row of laidOut.rows) {
    const y = AXIS + row.top - view.scrolled;
    if (y > height) break;
    if (y + row.height < AXIS) continue;
    row.lanes.forEach((lane, nth) => drawLane(context, lane, y + nth * LANE + 2, view, palette, fills, xOf, marks));
    context.fillStyle = palette.line;
    context.fillRect(0, y + row.height - 1, width, 1);
    drawLabel(context, row, y, left, palette);
  }
  for (const [x, y, kind] of marks) if (x > left) drawMark(context, x, y, kind, palette);
  context.restore();
  drawMoments(context, view, palette, xOf);
}

function drawLane(context, lane, y, view, palette, fills, xOf, marks) {
  const edge = labels(view.width);
  let drawnTo = -1;
  for (let at = firstUntil(lane, view.since); at < lane.length; at += 1) {
    const bar = lane[at];
    if (bar.start > view.since + view.length) break;
    const right = Math.min(xOf(bar.open ? view.now : bar.end), view.width);
    const left = Math.max(edge, xOf(bar.start));
    if (bar.span.ending && right > drawnTo) marks.push([right, y + 3, bar.span.ending]);
    if (right <= drawnTo || bar.span.style === "mark" || right < edge) continue;
    const long = Math.max(1.2, right - left);
    if (bar.span.style === "light") {
      context.strokeStyle = palette.busy;
      context.strokeRect(left + 0.5, y + 0.5, Math.max(1, long - 1), LANE - 4);
    } else {
      const [top, high] = bar.span.style === "idle" ? [y + 2, 2] : [y, LANE - 3];
      const origin = [Math.round(left), Math.round(top)]; // a pattern begins where its bar does
      context.fillStyle = fills[bar.span.style];
      context.translate(...origin);
      context.fillRect(0, 0, long, high);
      context.translate(-origin[0], -origin[1]);
    }
    drawnTo = left + long;
  }
}

const BAD = new Set(["gone", "forced"]);
const QUIET = new Set(["ended", "session ended", "granted", "expired"]);

/** How something ended: bad is a diamond, worth a look a triangle, usual a stroke. */
function drawMark(context, x, y, ending, palette) {
  context.beginPath();
  if (QUIET.has(ending)) {
    context.fillStyle = palette.quiet;
    context.rect(x - 1, y - 4, 2, 8);
  } else if (BAD.has(ending)) {
    context.fillStyle = palette.bad;
    for (const [dx, dy] of [[0, -5], [5, 0], [0, 5], [-5, 0]]) context.lineTo(x + dx, y + dy);
  } else {
    context.fillStyle = palette.warn;
    for (const [dx, dy] of [[0, -5], [5, 4], [-5, 4]]) context.lineTo(x + dx, y + dy);
  }
  context.fill();
}

function drawLabel(context, row, y, wide, palette) {
  context.fillStyle = palette.panel;
  context.fillRect(0, y, wide - 4, row.height - 1);
  context.fillStyle = palette.ink;
  context.fillText(shortened(visible(row.session), Math.floor(wide / 6.6)), 8, y + row.height / 2, wide - 16);
}

/** Cut in the middle: names of one machine begin alike, and names of one agent end alike. */
function shortened(text, most) {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}…${text.slice(-end)}`;
}

function drawAxis(context, view, palette, xOf) {
  const room = (view.width - labels(view.width)) / BETWEEN_TICKS;
  const step = (STEPS_S.find((seconds) => (view.length / 1000 / seconds) <= room) ?? STEPS_S.at(-1)) * 1000;
  for (let moment = Math.ceil(view.since / step) * step; moment <= view.since + view.length; moment += step) {
    const x = xOf(moment);
    context.fillStyle = palette.faint;
    context.fillRect(x, AXIS, 1, view.height);
    context.fillStyle = palette.quiet;
    const [day, time] = exact(moment, { named: false }).split(" ");
    const label = step >= 86_400_000 ? day.slice(5) : step < 60_000 ? time : time.slice(0, 5);
    if (x + 3 + context.measureText(label).width <= view.width) context.fillText(label, x + 3, AXIS / 2);
  }
}

function drawMoments(context, view, palette, xOf) {
  for (const [moment, colour] of [[view.now, palette.good], [view.at, palette.focus]]) {
    if (moment === null || moment < view.since || moment > view.since + view.length) continue;
    context.fillStyle = colour;
    context.fillRect(xOf(moment) - 0.5, 0, 1.5, view.height);
  }
}
