"""Draws what `make bench BENCH=compare` measured: docs/pictures/bench-*.svg.

It runs in the environment of tools/setup-bench.sh, which has matplotlib:
    .tools/bench/bin/python -m bench.plots MEASURED.json FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

WIDTH, ROW_HEIGHT = 7.5, 0.34  # inches
OURS, OTHERS = "#1f6feb", "#9aa4b2"

Row = dict[str, Any]


def store_of(contender: str) -> str:
    """What it stands on: coord and the bare view on one database are drawn in one colour."""
    return contender.partition(", ")[2] or contender


def bars(rows: list[Row], title: str, file: Path) -> None:
    """Cycles a second of each contender, the fastest above."""
    rows = sorted(rows, key=lambda row: float(row["cycles_per_s"]))
    figure, axes = plt.subplots(figsize=(WIDTH, 0.9 + ROW_HEIGHT * len(rows)))
    colours = [OURS if row["contender"].startswith("coord") else OTHERS for row in rows]
    drawn = axes.barh(
        [row["contender"] for row in rows], [row["cycles_per_s"] for row in rows], color=colours
    )
    axes.bar_label(drawn, fmt="{:,.0f}", padding=3)
    finish(figure, axes, title, "cycles a second", file)


def clients(rows: list[Row], title: str, file: Path) -> None:
    """Cycles a second over the number of clients, a line for each contender."""
    figure, axes = plt.subplots(figsize=(WIDTH, 4.2))
    names = list(dict.fromkeys(row["contender"] for row in rows))
    stores = list(dict.fromkeys(store_of(name) for name in names))
    for name in names:
        own = sorted(
            (row["clients"], row["cycles_per_s"]) for row in rows if row["contender"] == name
        )
        style = "-" if name.startswith("coord") else "--"
        colour = f"C{stores.index(store_of(name))}"
        axes.plot(*zip(*own, strict=True), style, color=colour, marker="o", ms=3.5, label=name)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    ticks = sorted({row["clients"] for row in rows})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel("cycles a second")
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    finish(figure, axes, title, "clients", file)


def cpu(rows: list[Row], title: str, file: Path) -> None:
    """Where a cycle's CPU time goes."""
    rows = sorted(rows, key=lambda row: -float(row["service_us"]) - float(row["database_us"]))
    names = [row["contender"] for row in rows]
    own = [row["service_us"] for row in rows]
    figure, axes = plt.subplots(figsize=(WIDTH, 0.9 + ROW_HEIGHT * len(rows)))
    axes.barh(names, own, color=OURS, label="service")
    axes.barh(names, [row["database_us"] for row in rows], left=own, color=OTHERS, label="database")
    axes.legend(fontsize=8, frameon=False)
    finish(figure, axes, title, "CPU-µs of a cycle", file)


def finish(figure: Any, axes: Any, title: str, label: str, file: Path) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel(label, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    figure.savefig(file, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    rows: list[Row] = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(sys.argv[2])
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "coord"  # so that the same figures make the same file
    locks = [row for row in rows if row["load"] == "claim + release"]
    eight = [row for row in locks if row["clients"] == 8]
    waits = [row for row in rows if row["load"] == "wait in line" and row["clients"] == 8]
    clients(locks, "Claim and release of distinct resources", folder / "bench-clients.svg")
    cpu(eight, "CPU time of a claim and its release, 8 clients", folder / "bench-cpu.svg")
    bars(waits, "One lock that 8 clients wait for in line", folder / "bench-waiting.svg")


if __name__ == "__main__":
    main()
