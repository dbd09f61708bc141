// One stream for all pages of a browser: a shared worker follows, and tells every page that is open.

import { follow } from "./stream.js";

const pages = new Set();
let following = null; // { token, stop }
let latest = null; // how it stands, for a page that comes later

function broadcast(message) {
  if (message.kind === "open" || message.kind === "lost") latest = message;
  for (const page of pages) page.postMessage(message);
}

function start({ url, token }) {
  following?.stop.abort();
  following = { token, stop: new AbortController() };
  latest = null;
  follow({ url, token, onMessage: broadcast, signal: following.stop.signal });
}

function leave(page) {
  pages.delete(page);
  if (pages.size === 0) {
    following?.stop.abort();
    following = null;
  }
}

onconnect = ({ ports: [page] }) => {
  page.onmessage = ({ data }) => {
    if (data.kind === "bye") return leave(page);
    pages.add(page);
    // "again": the page has slept, or was told that the stream is lost and does not want to wait
    if (following === null || following.token !== data.token || data.kind === "again") start(data);
    else if (latest !== null) page.postMessage(latest);
  };
};
