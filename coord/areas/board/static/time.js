// Times: relative for reading, exact on demand, in the zone that was chosen; judged by the service's clock, not by the browser's.

import { Store, keep, kept, useStore } from "./store.js";

const TICK_MS = 5000;
const UNITS = [
  [60, "s", 1],
  [3600, "min", 60],
  [48 * 3600, "h", 3600],
  [Infinity, "d", 86400],
];

export const clock = new Store();
clock.offset = 0; // how far the service's clock is ahead of this one, ms
clock.zone = kept(localStorage, "coord.zone", "");
clock.exact = kept(localStorage, "coord.exact", "") === "yes";

setInterval(() => clock.changed(), TICK_MS);

export const now = () => Date.now() + clock.offset;

export function useNow() {
  useStore(clock);
  return now();
}

export function setOffset(generatedAt) {
  clock.offset = Date.parse(generatedAt) - Date.now();
}

export function setZone(zone) {
  clock.zone = zone;
  keep(localStorage, "coord.zone", zone);
  clock.changed();
}

export function setExact(exact) {
  clock.exact = exact;
  keep(localStorage, "coord.exact", exact ? "yes" : null);
  clock.changed();
}

const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
export const localZone = () => LOCAL;
export const chosenZone = () => clock.zone || localZone();

export function zones() {
  const all = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
  return [...new Set([localZone(), "UTC", ...all])];
}

const formats = new Map(); // making one takes longer than drawing a row

function formatIn(timeZone) {
  if (!formats.has(timeZone)) {
    const options = {
      ...{ timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit" },
      ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "shortOffset" },
    };
    formats.set(timeZone, new Intl.DateTimeFormat("en-GB", options));
  }
  return formats.get(timeZone);
}

const MAX_WORDED = 5000;
const worded = new Map(); // times as they were written last: every row is drawn anew as the clock goes on

/** `2026-11-28 14:05:12`, and with `named` its zone: `GMT+1`. */
export function exact(at, { named = true } = {}) {
  const key = `${chosenZone()} ${at}`;
  if (!worded.has(key)) {
    if (worded.size >= MAX_WORDED) worded.clear();
    worded.set(key, words(at));
  }
  const [text, zone] = worded.get(key);
  return named ? `${text} ${zone}` : text;
}

function words(at) {
  const parts = formatIn(chosenZone()).formatToParts(new Date(at));
  const values = Object.fromEntries(parts.map((part) => [part.type, part.value]));
  return [`${values.year}-${values.month}-${values.day} ${values.hour}:${values.minute}:${values.second}`, values.timeZoneName];
}

/** What the chosen zone is ahead of UTC now: `GMT+1`. */
export const zoneOffset = () => exact(now()).split(" ")[2];

/** `3 min ago`, `in 2 h`; seconds below ten are `just now`. */
export function relative(at, moment = now()) {
  if (clock.exact) return exact(at, { named: false });
  const seconds = (moment - Date.parse(at)) / 1000;
  if (Math.abs(seconds) < 10) return "just now";
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds, Math.round)}`;
}

/** Seconds as `42 s`, `3 min`, `5 h`, `12 d`. What is past is cut, so it is never said to be older than it is. */
export function duration(seconds, rounded = Math.floor) {
  const [, unit, size] = UNITS.find(([below]) => seconds < below);
  return `${rounded(seconds / size)} ${unit}`;
}

export const age = (at, moment = now()) => (moment - Date.parse(at)) / 1000;
