// Desktop notifications of new trouble, off until the reader turns them on, and none while the page is looked at.

import { Store, keep, kept } from "./store.js";
import { visible } from "./ui.js";

const MAX_TEXT = 160;

export const notifying = new Store();
notifying.on = kept(localStorage, "coord.notify", "") === "yes" && globalThis.Notification?.permission === "granted";
notifying.possible = "Notification" in globalThis;

/** Turns them on, if the browser's own question is answered with yes; or off. */
export async function setNotifying(on) {
  notifying.on = on && (await Notification.requestPermission()) === "granted";
  keep(localStorage, "coord.notify", notifying.on ? "yes" : null);
  notifying.changed();
}

let reported = null; // keys of what was trouble already

/** Tells of what is bad and was not so before; what was there when the page began is on the page. */
export function notify(troubles) {
  const bad = troubles.filter((trouble) => trouble.severity === "bad");
  const keyOf = ({ word, key }) => `${word} ${key}`;
  const fresh = reported === null ? [] : bad.filter((trouble) => !reported.has(keyOf(trouble)));
  reported = new Set(bad.map(keyOf));
  if (!notifying.on || document.hasFocus() || fresh.length === 0) return;
  const more = fresh.length > 1 ? `, and ${fresh.length - 1} more` : "";
  const body = `${visible(fresh[0].text).slice(0, MAX_TEXT)}${more}`;
  const notification = new Notification(`coord: ${fresh[0].word}`, { body, tag: "coord" });
  notification.onclick = () => window.focus();
}
