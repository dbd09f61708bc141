// Follows the board's stream, which says what has changed. Runs in the page or in a worker.

const SILENT_MS = 35_000; // the service sends a comment every 15 s; what is silent for longer is a connection that nobody holds
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 15_000;

/**
 * Follows until `signal` is aborted. `onMessage` gets `{ kind: "open" | "keepalive" }`,
 * `{ kind: "event", revision, after, answer }` (no `answer`: it is to be read) and `{ kind: "lost", status }`. It begins with what happens from now on: whoever is told "open" reads the board.
 */
export async function follow({ url, token, onMessage, signal }) {
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const lost = await followOnce({ url, token, onMessage, signal, onData: () => (pause = FIRST_PAUSE_MS) });
    if (signal.aborted) return;
    const wait = Math.min(lost.retryAfter ? lost.retryAfter * 1000 : pause, MAX_PAUSE_MS) * (0.75 + Math.random() / 2);
    onMessage({ kind: "lost", status: lost.status });
    await sleep(wait, signal);
    pause = Math.min(pause * 2, MAX_PAUSE_MS);
  }
}

async function followOnce({ url, token, onMessage, signal, onData }) {
  const own = new AbortController();
  const stop = () => own.abort();
  signal.addEventListener("abort", stop);
  let last = Date.now();
  const watch = setInterval(() => Date.now() - last > SILENT_MS && stop(), 2000);
  try {
    const headers = { Accept: "text/event-stream", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(url, { headers, cache: "no-store", signal: own.signal });
    if (!answer.ok) return refused(answer);
    onMessage({ kind: "open" });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return { status: 0 };
      last = Date.now();
      onData();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) onMessage(messageOf(block));
    }
  } catch {
    return { status: 0 };
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", stop);
    own.abort();
  }
}

function messageOf(block) {
  const field = (name) => block.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const revision = field("id");
  if (revision === undefined) return { kind: "keepalive" };
  const data = field("data");
  return { kind: "event", revision: Number(revision), ...(data === undefined ? {} : JSON.parse(data)) };
}

async function refused(answer) {
  await answer.body?.cancel();
  return { status: answer.status, retryAfter: Number(answer.headers.get("Retry-After")) || undefined };
}

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
