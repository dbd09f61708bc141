// Keeps the model current: reads the board, follows the stream of what changes, and says how old what is shown may be.

import { BASE, access, call } from "./api.js";
import { readEverything, takeFirst } from "./first.js";
import { changesMore } from "./journal.js";
import { apply, model } from "./model.js";
import { Store } from "./store.js";
import { follow } from "./stream.js";

const BETWEEN_MS = 250; // reads at most this often while changes come in
const BETWEEN_HIDDEN_MS = 10_000;
const SHARED_S = 0.2; // changes that other pages were told are taken if they are no older
const WHOLE_EVERY_MS = 30_000; // what time alone changes (a lock turns stale, activity) is in no event
const WHOLE_COSTS = 30; // a whole read that took 1 s is not repeated for half a minute, one of 3 s for a minute and a half
const OLD_AFTER_MS = 40_000; // twice the stream's comment and a little
const POLLED_EVERY_MS = 3000; // without a stream
const TICK_MS = 1000;

export const live = new Store();
Object.assign(live, { phase: "connecting", streaming: null, contactAt: null, detail: "", retryAt: null });

let reading = null;
let wanted = false;
let fresh = false; // the next read may be nobody else's
let announced = 0; // the latest revision that the stream told
let lastRead = 0;
let lastWhole = 0;
let wholeTook = 0;
let timer = null;
let channel = null;

function noteContact() {
  live.contactAt = Date.now();
}

function show(phase, { detail = "", retryAt = null } = {}) {
  Object.assign(live, { phase, detail, retryAt });
  live.changed();
}

/**
 * Reads what changed, or everything. One read at a time; what is asked for meanwhile is read after it. `anew`: an answer
 * that was made for another page, or a moment ago, may not have what is looked for.
 */
export async function refresh({ whole = false, anew = false } = {}) {
  wanted ||= whole ? "whole" : "changes";
  if (whole) wanted = "whole";
  fresh ||= anew;
  if (reading !== null) return reading;
  reading = (async () => {
    while (wanted) {
      const everything = wanted === "whole" || model.cursor === null;
      wanted = false;
      await readOnce(everything);
    }
  })();
  try {
    await reading;
  } finally {
    reading = null;
  }
}

const readChanges = (after, maxAge) => call({ path: "/board", query: { after, max_age: maxAge } });

/** Everything may be a little old, so what changed since is read with it, and both are shown as one. */
async function readWhole(maxAge) {
  const answer = await (takeFirst() ?? readEverything());
  return [answer, await readChanges(answer.cursor, maxAge)];
}

async function readOnce(everything) {
  const began = Date.now();
  const maxAge = fresh ? 0 : SHARED_S;
  fresh = false;
  try {
    const answers = everything ? await readWhole(maxAge) : [await readChanges(model.cursor, maxAge)];
    apply(answers);
    const latest = answers.at(-1);
    if (latest.complete) announced = 0; // it may be another journal: restored, and behind what was told
    else if (!everything && latest.changes.some(changesMore)) wanted = "whole";
  } catch (refused) {
    const retryAt = Date.now() + Math.min((refused.retryAfter ?? 3) * 1000, 10_000);
    if (!access.needed) show("away", { detail: refused.message, retryAt });
    return;
  }
  lastRead = Date.now();
  if (everything) [lastWhole, wholeTook] = [lastRead, lastRead - began];
  noteContact();
  if (live.phase !== "live") show("live");
  if (announced > model.cursor) soon();
}

function soon() {
  if (timer !== null) return;
  const between = document.hidden ? BETWEEN_HIDDEN_MS : BETWEEN_MS;
  timer = setTimeout(() => {
    timer = null;
    refresh();
  }, Math.max(0, lastRead + between - Date.now()));
}

/** Shows what the stream brought, if it goes on where the page is. */
function takeIn({ after, answer }) {
  if (!answer || document.hidden || reading !== null || live.phase !== "live" || after > model.cursor) return false;
  apply([answer]);
  if (answer.changes.some(changesMore)) refresh({ whole: true });
  return true;
}

function receive(message) {
  live.streaming = message.kind !== "lost";
  if (live.streaming) noteContact();
  if (message.kind === "event") {
    announced = message.revision;
    if (announced > (model.cursor ?? 0) && !takeIn(message)) soon();
  }
  // What happened until the stream began, which tells none of it; and a read tells whether the service is away, or only
  // the stream.
  if (message.kind === "open") refresh({ anew: true });
  else if (message.kind === "lost" && !access.needed) refresh();
}

function connect(kind) {
  const message = { kind, url: `${BASE}/board/stream`, token: access.token };
  if (channel === null) channel = open();
  channel(message);
}

/** The page's policy lets no text become code, but for this one address. */
function trusted(worker) {
  const rules = { createScriptURL: (url) => (url === worker ? url : "") };
  return globalThis.trustedTypes ? trustedTypes.createPolicy("coord", rules).createScriptURL(worker) : worker;
}

/** How to tell whoever follows: a worker that all pages share, or this page itself where there are no such workers. */
function open() {
  let stop = null;
  const ourselves = ({ url, token }) => {
    stop?.abort();
    stop = new AbortController();
    follow({ url, token, onMessage: receive, signal: stop.signal });
  };
  if (typeof SharedWorker === "undefined") return ourselves;
  try {
    const worker = new SharedWorker(trusted(new URL("stream_worker.js", import.meta.url).href), { type: "module", name: "coord" });
    worker.port.onmessage = ({ data }) => receive(data);
    worker.onerror = () => {
      channel = ourselves;
      connect("again");
    };
    addEventListener("pagehide", () => worker.port.postMessage({ kind: "bye" }));
    addEventListener("pageshow", (event) => event.persisted && connect("hello"));
    return (message) => worker.port.postMessage(message);
  } catch {
    return ourselves;
  }
}

let ticked = Date.now();

function tick() {
  const slept = Date.now() - ticked > 10 * TICK_MS && !document.hidden;
  ticked = Date.now();
  if (access.needed) return;
  if (slept) {
    connect("again");
    refresh({ whole: true });
  } else if (live.phase === "away" && Date.now() >= (live.retryAt ?? 0)) {
    refresh({ whole: true });
  } else if (Date.now() - (live.contactAt ?? 0) > OLD_AFTER_MS && live.phase === "live") {
    show("away", { detail: "No update for a while.", retryAt: Date.now() });
    connect("again");
  } else if (live.phase === "live" && live.streaming === false && Date.now() - lastRead > POLLED_EVERY_MS) {
    refresh();
  } else if (!document.hidden && Date.now() - lastWhole > Math.max(WHOLE_EVERY_MS, WHOLE_COSTS * wholeTook) && live.phase === "live") {
    refresh({ whole: true });
  }
  live.changed();
}

export async function start() {
  await refresh({ whole: true });
  if (!access.needed) connect("hello");
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", () => !document.hidden && refresh());
  access.watch(() => {
    if (access.needed) return show("token");
    connect("hello");
    refresh({ whole: true });
  });
}
