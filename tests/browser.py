"""The browser that the page is looked at with: Debian's Chromium, through Playwright."""

import os
from pathlib import Path

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


def own_clock() -> dict[str, str | float | bool]:
    """The browser's environment: under a moved clock it opens no page, so it keeps the machine's,
    as one on a desk whose clock is wrong.
    """
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
