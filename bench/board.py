"""The board with much of everything: how soon a person sees it and what changes, how smoothly it
moves, and what open pages cost the others.
"""

import contextlib
import itertools
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench import cycles, load, service
from bench.board_history import BARS, DAY_S, LOCKS, fill
from bench.board_pages import pages
from bench.processes import children, resident_mb
from tests.browser import launched

API = "/api/coord"
PATIENCE_MS = 60_000
FIRST_BOARDS = 5
CHANGES_PER_S = 50
WATCHED_EVERY_S = 0.25
EVENTS = 50_000
EVENTS_OF_A_CALL = 20
EVENTS_PER_S = 1_000
OTHERS = 4  # clients beside the pages
PACE_S = 0.2  # each begins a round of four calls this often
PAGES = 40
HEAP_LOOKS = 12
SETTLE_S = 3

# When the locks were first seen, in ms since the navigation began.
FIRST = """addEventListener("DOMContentLoaded", () => new MutationObserver((_, observer) => {
    const locks = Number(document.querySelector("#panel-locks .count")?.textContent);
    if (!locks || !document.querySelector(".tree li")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (globalThis.first = [performance.now(), locks])));
}).observe(document, { childList: true, subtree: true, characterData: true }))"""

# When each version of the watched component was first seen, in seconds since 1970.
SEEN = """() => {
    globalThis.seen = {};
    new MutationObserver(() => {
        for (const each of document.querySelectorAll(".component .version")) {
            const found = /^watched-(\\d+)$/.exec(each.textContent);
            if (found) seen[found[1]] ??= (performance.timeOrigin + performance.now()) / 1000;
        }
    }).observe(document, { childList: true, subtree: true, characterData: true });
}"""

FRAMES = """async () => {
    const frames = { scrolling: [], filtering: [] };
    let last = performance.now();
    const frame = async (of) => {
        await new Promise(requestAnimationFrame);
        frames[of].push(performance.now() - last);
        last = performance.now();
    };
    const box = document.querySelector("#panel-locks ~ .window");
    for (let step = 0; step < 120; step += 1) {
        box.scrollTop = step * 400;
        await frame("scrolling");
    }
    const field = document.getElementById("search");
    const words = "package_12/module_7";
    const prefixes = [...words].map((_, at) => words.slice(0, at + 1));
    for (const typed of [...prefixes, ...prefixes.reverse(), ""]) {
        field.value = typed;
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        for (let still = 0; still < 4; still += 1) await frame("filtering");
    }
    return frames;
}"""

# Drags the timeline by three pixels a frame, and gives back how long each took.
PAN = """async () => {
    const canvas = document.querySelector("canvas");
    const box = canvas.getBoundingClientRect();
    const event = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind, {
        clientX: box.left + x, clientY: box.top + 100, pointerId: 1, bubbles: true }));
    canvas.setPointerCapture = () => undefined;
    event("pointerdown", 700);
    let last = performance.now();
    const frames = [];
    for (let step = 0; step < 120; step += 1) {
        event("pointermove", 700 - step * 3);
        await new Promise(requestAnimationFrame);
        frames.push(performance.now() - last);
        last = performance.now();
    }
    event("pointerup", 340);
    return frames;
}"""


@dataclass(frozen=True)
class Measured:
    """Median of the first boards, p95 of changes, the longest frame, and the ratios of the last
    values to the first; `figures` has them in words, and more.
    """

    figures: dict[str, float]
    first_board_ms: float
    change_p95_ms: float
    frame_ms: float
    panning_per_s: float
    heap_growth: float
    others_ratio: float
    worker_mb: float


def run(kind: str, seconds: float, rounds: int, scale: float) -> Measured:
    with service.database(kind) as url:
        service.migrate(url)
        fill(url, kind, scale)
        with service.serving(url, COORD_WORKERS="1") as (port, process):
            with launched() as browser:
                first = _first_board(browser, port, int(LOCKS * scale))
                changes = _changes(browser, port, seconds)
                frames = _frames(browser, port)
                panning = _panning(browser, port, int(BARS * scale))
                before, after = _heap(browser, port, int(EVENTS * scale))
            (worker,) = children(process.pid)
            ratio, more = _others(port, worker, seconds, rounds)
    figures = {
        "first board, median ms": statistics.median(first),
        "first board, worst ms": max(first),
        "change to page, p50 ms": load.percentile(changes, 0.5),
        "change to page, p95 ms": load.percentile(changes, 0.95),
        **{f"longest frame {of}, ms": longest for of, longest in frames.items()},
        "panning, frames/s": panning,
        "JS heap half-way, MB": before,
        "JS heap at the end, MB": after,
        f"others' p95 beside {PAGES} pages": ratio,
        "worker's MB more": more,
    }
    return Measured(
        figures,
        first_board_ms=statistics.median(first),
        change_p95_ms=load.percentile(changes, 0.95),
        frame_ms=max(frames.values()),
        panning_per_s=panning,
        heap_growth=after / before,
        others_ratio=ratio,
        worker_mb=more,
    )


@contextlib.contextmanager
def _opened(browser: Any, port: int, hash_: str = "#/") -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(FIRST)
    page.goto(f"http://127.0.0.1:{port}/{hash_}")
    page.get_by_text("Live", exact=True).first.wait_for()
    yield page
    context.close()


def _first_board(browser: Any, port: int, locks: int) -> list[float]:
    took = []
    for _ in range(FIRST_BOARDS):
        with _opened(browser, port) as page:
            page.wait_for_function("() => globalThis.first")
            milliseconds, shown = page.evaluate("() => first")
            if shown != locks:
                raise RuntimeError(f"the page shows {shown} locks of {locks}")
            took.append(milliseconds)
    return took


def _changing(port: int) -> None:
    """That many claims and releases a second, for ever."""
    connection = load.Connection(port)
    began = time.perf_counter()
    for nth in itertools.count():
        mine = {"project_key": "shop", "session_id": f"busy-{nth // 2 % 20}/agent"}
        resource = f"busy/{nth // 2 % 20}.py"
        if nth % 2 == 0:
            load.timed(
                connection, "POST", f"{API}/locks", {**mine, "resource": resource}, expect=201
            )
        else:
            query = "&".join(f"{name}={value}" for name, value in mine.items())
            path = f"{API}/locks?{query}&resource={resource}"
            load.timed(connection, "DELETE", path, expect=200)
        time.sleep(max(0.0, began + nth / CHANGES_PER_S - time.perf_counter()))


@contextlib.contextmanager
def _beside(target: Any, *arguments: Any) -> Iterator[None]:
    """In a process of its own, until the block ends."""
    process = multiprocessing.get_context("spawn").Process(
        target=target, args=arguments, daemon=True
    )
    process.start()
    try:
        yield
        if not process.is_alive():
            raise RuntimeError(f"{target.__name__} ended early")
    finally:
        process.kill()
        process.join()


def _changes(browser: Any, port: int, seconds: float) -> list[float]:
    """From the call that makes a change until the page shows it, in ms."""
    connection = load.Connection(port)
    sent: dict[int, float] = {}
    with _opened(browser, port) as page, _beside(_changing, port):
        page.evaluate(SEEN)
        time.sleep(SETTLE_S)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            number = len(sent)
            sent[number] = time.time()
            report = {"state": "built", "version": f"watched-{number}", "updated_by": "bench"}
            path = f"{API}/components/shop/watched"
            load.timed(connection, "PUT", path, report, expect=201 if number == 0 else 200)
            # Were the next one sent before this is seen, this might never be.
            page.wait_for_function("(number) => seen[number]", arg=number)
            time.sleep(WATCHED_EVERY_S)
        seen = page.evaluate("() => seen")
    connection.close()
    return [1000 * (seen[str(number)] - at) for number, at in sent.items()]


def _frames(browser: Any, port: int) -> dict[str, float]:
    """The longest of each kind, in ms."""
    with _opened(browser, port) as page:
        page.wait_for_function("() => globalThis.first")
        time.sleep(SETTLE_S)
        frames = page.evaluate(FRAMES)
    return {of: max(each) for of, each in frames.items()}


def _panning(browser: Any, port: int, bars: int) -> float:
    with _opened(browser, port, f"#/timeline?since={DAY_S}") as page:
        canvas = page.locator("canvas[aria-label]")
        page.wait_for_function("() => parseInt(document.querySelector('canvas')?.ariaLabel) > 0")
        drawn = int(str(canvas.get_attribute("aria-label")).split()[0])
        frames = page.evaluate(PAN)
    if drawn < bars - 1:
        raise RuntimeError(f"the timeline has {drawn} bars of {bars}")
    return 1000 * len(frames) / float(sum(frames))


def _heap(browser: Any, port: int, events: int) -> tuple[float, float]:
    """MB after half of the events, and after all."""
    with _opened(browser, port) as page:
        inspector = page.context.new_cdp_session(page)

        def used_mb() -> float:
            """The least of many: what is about to be let go of is not collected at once, and now
            and then the whole board is on its way.
            """
            sizes = []
            for _ in range(HEAP_LOOKS):
                time.sleep(SETTLE_S / 3)
                inspector.send("HeapProfiler.collectGarbage")
                sizes.append(float(inspector.send("Runtime.getHeapUsage")["usedSize"]) / 1e6)
            return min(sizes)

        _cause(port, events // 2)
        before = used_mb()
        _cause(port, events // 2)
        after = used_mb()
    return before, after


def _cause(port: int, events: int) -> None:
    connection = load.Connection(port)
    began = time.perf_counter()
    for nth in range(0, events, 2 * EVENTS_OF_A_CALL):
        names = [f"events/{nth % 997}/{number}.py" for number in range(EVENTS_OF_A_CALL)]
        body = {"project_key": "shop", "session_id": "events/agent", "resources": names}
        load.timed(connection, "POST", f"{API}/locks", body, expect=201)
        path = f"{API}/locks?session_id=events/agent&release_all=true"
        load.timed(connection, "DELETE", path, expect=200)
        time.sleep(max(0.0, began + nth / EVENTS_PER_S - time.perf_counter()))
    connection.close()


def _others(port: int, worker: int, seconds: float, rounds: int) -> tuple[float, float]:
    """Their p95 without and with pages, in turn; and what the worker weighs more with them."""

    def p95() -> float:
        return load.run(port, cycles.claim_release_and_read, OTHERS, seconds, PACE_S).p95

    alone, beside, more = [], [], []
    with _beside(pages, port, PAGES):  # what it keeps for good is not theirs
        time.sleep(SETTLE_S)
    for _ in range(rounds):
        alone.append(p95())
        before = resident_mb(worker)
        with _beside(pages, port, PAGES):
            time.sleep(SETTLE_S)
            beside.append(p95())
            more.append(resident_mb(worker) - before)
    ratios = [one / other for one, other in zip(beside, alone, strict=True)]
    return statistics.median(ratios), max(more)
