// Values that several parts of the page look at, and are drawn anew when they change.

import { useEffect, useState } from "./vendor/hooks.js";

export class Store {
  #watchers = new Set();
  version = 0;

  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  changed() {
    this.version += 1;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Draws the component anew whenever the store has changed. */
export function useStore(store) {
  const [, draw] = useState(0);
  useEffect(() => {
    draw(store.version); // it may have changed between the drawing and this
    return store.watch(() => draw(store.version));
  }, [store]);
  return store;
}

export function kept(storage, name, fallback) {
  try {
    return storage.getItem(name) ?? fallback;
  } catch {
    return fallback; // a browser that keeps nothing
  }
}

export function keep(storage, name, value) {
  try {
    if (value === null || value === "") storage.removeItem(name);
    else storage.setItem(name, value);
  } catch {
    // a browser that keeps nothing: it holds until the page is closed
  }
}
