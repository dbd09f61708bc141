// What areas add to the page. There is no list of areas here: each calls `addToBoard` from a module of its own.

import { Store } from "./store.js";

export const registry = new Store();
const parts = [];

/**
 * Adds an area's part. All fields but `area` may be left out:
 *   panels    [{ name, title, column, rank, count(), component }]  on the board; column 1 (wide), 2 or 3
 *   pages     { kind: component }          the page `#/<kind>/…`; it gets `path`, what follows the kind, as an array
 *   sections  [{ on: kind, rank, component }]   below the page of another kind; it gets the same `path`
 *   actions   [{ name, label, act() }]     buttons at the top of every page
 *   troubles  (now) => [{ key, severity, rank, word, text, project, since, to, act }]   what needs somebody; severity bad or warn,
 *             and within that the lower rank first
 *   search    (fits) => [{ kind, text, to }]    what fits the words looked for
 *   events    { type: (event) => ({ verb, text, to }) }   how its events read
 */
export function addToBoard(part) {
  parts.push(part);
  registry.changed();
}

export const areasOnBoard = () => parts.map((part) => part.area);

const ranked = (entries) => entries.sort((a, b) => (a.rank ?? 50) - (b.rank ?? 50));

export const panels = () => ranked(parts.flatMap((part) => part.panels ?? []));
export const actions = () => parts.flatMap((part) => part.actions ?? []);
/** What a part has of its own under a name that may be anything, as `constructor` in a link is. */
const own = (things, name) => (things && Object.hasOwn(things, name) ? things[name] : undefined);
const firstOwn = (field, name) => parts.map((part) => own(part[field], name)).find(Boolean);

export const pageOf = (kind) => firstOwn("pages", kind);
export const sectionsOn = (kind) => ranked(parts.flatMap((part) => part.sections ?? []).filter((section) => section.on === kind));
export const wordsOf = (type) => firstOwn("events", type);

/** Asks every part; one that fails is a trouble itself, and hides none of the others'. */
export function troubles(now) {
  return parts.flatMap((part) => {
    try {
      return part.troubles?.(now) ?? [];
    } catch (error) {
      console.error(error);
      return [{ key: `broken ${part.area}`, severity: "warn", word: "broken", text: `The panel “${part.area}” failed: ${error.message}` }];
    }
  });
}

export function search(fits) {
  return parts.flatMap((part) => {
    try {
      return part.search?.(fits) ?? [];
    } catch (error) {
      console.error(error);
      return [];
    }
  });
}
