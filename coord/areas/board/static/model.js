// What the page knows: the lists of all areas and the latest changes, from one read and then from what changed since.

import { Store, useStore } from "./store.js";
import { setOffset } from "./time.js";

const KEPT_CHANGES = 300;

export const model = new Store();
Object.assign(model, { loaded: false, cursor: null, service: null, newService: false, changes: [], lists: new Map() });

/** The items of a list, the same array until one of them changes. */
export function items(name) {
  const list = model.lists.get(name);
  if (!list) return NOTHING;
  list.items ??= [...list.byKey.values()];
  return list.items;
}

const NOTHING = [];

export function item(name, key) {
  return model.lists.get(name)?.byKey.get(key);
}

export function useModel() {
  return useStore(model);
}

/** Takes in answers of `GET /board`, one after another. */
export function apply(answers) {
  for (const answer of answers) take(answer);
  model.loaded = true;
  model.changed();
}

function take(answer) {
  setOffset(answer.generated_at);
  model.newService ||= model.service !== null && model.service !== answer.version;
  model.service = answer.version;
  model.cursor = answer.cursor;
  if (answer.complete) {
    model.lists = new Map([...model.lists].filter(([name]) => name in answer.lists));
    model.changes = answer.changes.reverse();
  } else {
    model.changes = [...answer.changes.reverse(), ...model.changes].slice(0, KEPT_CHANGES);
  }
  for (const [name, part] of Object.entries(answer.lists)) applyList(name, part);
}

function applyList(name, part) {
  const list = part.complete ? { byKey: new Map() } : (model.lists.get(name) ?? { byKey: new Map() });
  for (const each of part.items) list.byKey.set(each[part.key], each);
  for (const key of part.gone) list.byKey.delete(key);
  list.items = null;
  model.lists.set(name, list);
}

/** A value worked out of lists, and kept until one of them changes: `derived(tree, "locks", "waiters")`. */
export function derived(work, ...names) {
  let from = null;
  let value;
  return () => {
    const lists = names.map(items);
    if (from === null || lists.some((list, at) => list !== from[at])) {
      from = lists;
      value = work(...lists);
    }
    return value;
  };
}
