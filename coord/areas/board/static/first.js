// Begins to read the board while the other modules are still on their way: this one needs few, and stands first in the page.

import { call } from "./api.js";

const MAX_AGE_S = 10;

/** Everything, or what was made of it for another page within these seconds. */
export const readEverything = () => call({ path: "/board", query: { max_age: MAX_AGE_S } });

let begun = readEverything();
begun.catch(() => undefined); // whoever takes it hears of it

/** What was begun, once; null after that. */
export function takeFirst() {
  const taken = begun;
  begun = null;
  return taken;
}
