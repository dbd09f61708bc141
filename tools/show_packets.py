"""Writes what the commonest writes become as SQL into docs/design.md: python -m
tools.show_packets
"""

import re
from pathlib import Path

from click.testing import CliRunner

from coord.app import create_app
from coord.areas.documentation.commands import sql

DESIGN = Path(__file__).resolve().parent.parent / "docs" / "design.md"
WRITES = {
    "claim": "A claim that meets nothing",
    "release": "The release of one's own lock",
    "component": "A component's new state",
    "message": "A message",
}
HEADING = "## What the commonest writes become"


def section() -> str:
    """The section as it should be."""
    app = create_app({"DATABASE_URL": "sqlite:////nowhere/coord.db"})
    parts = [HEADING, "Printed by `flask coord sql NAME`, with example values."]
    for name, title in WRITES.items():
        parts.append(f"### {title}")
        with app.app_context():
            output = CliRunner().invoke(sql, [name], catch_exceptions=False).output
        parts += [
            f"```sql\n{block.rstrip()}\n```" for block in re.split(r"(?m)^(?=-- )", output) if block
        ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    text = DESIGN.read_text(encoding="utf-8")
    before, _, after = text.partition(HEADING)
    following = re.search(r"(?m)^## ", after)
    rest = after[following.start() :] if following else ""
    DESIGN.write_text(before + section() + ("\n" + rest if rest else ""), encoding="utf-8")


if __name__ == "__main__":
    main()
