// What the board is narrowed to: a project and words, both in the URL.

import { place, usePlace } from "./location.js";

/** `fits(project, ...texts)`: whether something is of the chosen project and has every word looked for in one of its texts. */
export function useFilter() {
  usePlace();
  return filterOf(place.params);
}

export function filterOf({ project, q }) {
  const words = wordsIn(q);
  const fits = (of, ...texts) => (!project || of === project || of === null) && hasWords(words, [of, ...texts]);
  fits.key = JSON.stringify([project, words]); // for what is kept as long as the filter stays
  fits.any = Boolean(project || words.length);
  return fits;
}

export const wordsIn = (q) => (q ?? "").toLowerCase().split(/\s+/).filter(Boolean);

export function hasWords(words, texts) {
  if (words.length === 0) return true;
  const all = texts.filter(Boolean).join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}

const filtered = new WeakMap(); // by list: the filter and what of the list fits it

/** Of a long list what fits, worked out once for the panel and its number. `textsOf(item)`: project and texts. */
export function fitting(list, fits, textsOf) {
  const last = filtered.get(list);
  if (last?.key === fits.key && last.textsOf === textsOf) return last.items;
  const those = fits.any ? list.filter((item) => fits(...textsOf(item))) : list;
  filtered.set(list, { key: fits.key, textsOf, items: those });
  return those;
}
