"""The browser that the page is looked at with: Debian's Chromium, through Playwright."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium_missing() -> str | None:
    """What is missing to look at the page; None when nothing is."""
    return (
        None if CHROMIUM.exists() else f"there is no {CHROMIUM} (Debian: apt-get install chromium)"
    )


@contextmanager
def launched(*options: str) -> Iterator[Any]:
    """The browser. Under a moved clock it opens no page, so it keeps the machine's, as one on a
    desk whose clock is wrong.

    `options`: of the program, besides those that it always gets.
    """
    from playwright.sync_api import sync_playwright

    own_clock: dict[str, str | float | bool] = {
        name: value for name, value in os.environ.items() if name != "LD_PRELOAD"
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=[*OPTIONS, *options], env=own_clock
        )
        yield browser
        browser.close()
