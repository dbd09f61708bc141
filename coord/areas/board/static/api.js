// Calls of the service: the API that everybody has.

import { Store, keep, kept } from "./store.js";

// This file is /page/board/api.js; relative, because a proxy may serve all of it below a prefix.
export const ROOT = new URL("../../", import.meta.url).href;
export const BASE = `${ROOT}api/coord`;
const TIMEOUT_MS = 20_000;

export const access = new Store();
access.token = kept(sessionStorage, "coord.token", "");
access.needed = false;

export function setToken(token) {
  access.token = token.trim();
  access.needed = false;
  keep(sessionStorage, "coord.token", access.token);
  access.changed();
}

/** What the service answered instead of what was asked for. `status` 0: it did not answer. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail ?? "The service does not answer.");
    Object.assign(this, { status, body, code: body.error, retryAfter });
  }
}

export const headers = () => (access.token ? { Authorization: `Bearer ${access.token}` } : {});

export function address({ path, query = {} }) {
  const present = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const asked = new URLSearchParams(present.flatMap(([name, value]) => [value].flat().map((each) => [name, String(each)])));
  return `${BASE}${path}${asked.size ? `?${asked}` : ""}`;
}

/** One call. Raises Refused. A token that is missing or wrong makes the page ask for it. */
export async function call({ method = "GET", path, query, body }) {
  const options = { method, headers: headers(), cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(address({ path, query }), options);
  } catch {
    throw new Refused(0, {});
  }
  const read = await answer.json().catch(() => ({}));
  if (answer.ok) return read;
  if (answer.status === 403 && read.error === "forbidden" && /token/i.test(read.detail ?? "")) {
    access.needed = true;
    access.changed();
  }
  throw new Refused(answer.status, read, Number(answer.headers.get("Retry-After")) || undefined);
}
