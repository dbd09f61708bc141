// Where the reader is, all of it in the URL after the #: the page, and what it is filtered and sorted by.

import { Store, useStore } from "./store.js";

export const place = new Store();

function parsed(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").filter(Boolean).map(decoded);
  return { path: parts, params: Object.fromEntries(new URLSearchParams(query)) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

Object.assign(place, parsed(location.hash));

addEventListener("hashchange", () => {
  Object.assign(place, parsed(location.hash));
  place.changed();
});

/** The address of a page: `href(["session", "web-1/claude"], { project: "shop" })`. */
export function href(path, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value));
  return `#/${path.map(encodeURIComponent).join("/")}${query.size ? `?${query}` : ""}`;
}

export function go(path, params) {
  location.hash = href(path, params);
}

/** Changes parameters of the page that is open. What is typed replaces the last entry of the history, what is chosen adds one. */
export function setParams(changes, { replace = false } = {}) {
  const url = href(place.path, { ...place.params, ...changes });
  if (!replace) {
    location.hash = url;
    return;
  }
  history.replaceState(null, "", url);
  Object.assign(place, parsed(location.hash));
  place.changed();
}

export const usePlace = () => useStore(place);
