// The `coord` and the `curl` line that do what a button does. Both come from the call that the button makes, and are safe to paste.

import { BASE, access, address } from "./api.js";

const PLAIN = /^(?!=)[\w@%+=:,./-]+$/;
const ODD = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** One word of a shell's command line, whatever is in it. What cannot be seen is written by its number, as bash reads it. */
export function quoted(word) {
  const text = String(word);
  if (PLAIN.test(text)) return text;
  if (!ODD.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replace(/[\\']/g, "\\$&").replace(ODD, (letter) => `\\U${letter.codePointAt(0).toString(16).padStart(8, "0")}`);
  return `$'${escaped}'`;
}

export function curlLine(call) {
  const words = ["curl", "-fsS"];
  if (call.method !== "GET" && (call.method !== "POST" || call.body === undefined)) words.push("-X", call.method);
  const token = access.token ? ` -H "Authorization: Bearer $COORD_TOKEN"` : "";
  if (call.body !== undefined) words.push("-H", quoted("Content-Type: application/json"), "-d", quoted(JSON.stringify(call.body)));
  return `${words.join(" ")}${token} ${quoted(address(call))}`;
}

export function coordLine({ coord, project, as }) {
  const words = ["coord", ...(as ? ["-s", as] : []), ...(project ? ["-p", project] : []), ...coord];
  return words.map(quoted).join(" ");
}

export const server = () => BASE.replace(/\/api\/coord$/, "");
