"""Whether this commit is the release that it is called: `python -m tools.release VERSION`.

The version of the package, the newest dated section of the changelog and the tag must agree, and
nothing may be left out of them.
"""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECTION = re.compile(r"^## (.*)\n", re.MULTILINE)
DATED = re.compile(r"(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)")


def problems(root: Path, version: str) -> list[str]:
    """What keeps the commit that is checked out in `root` from being released as `version`; empty:
    nothing.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return [f"{version!r} is not a version: make release VERSION=1.2.3"]
    return [*_package(root, version), *_changelog(root, version), *_commit(root, version)]


def _package(root: Path, version: str) -> list[str]:
    text = (root / "coord" / "__init__.py").read_text(encoding="utf-8")
    version_line = re.search(r'^__version__ = "(.*)"$', text, re.MULTILINE)
    current = version_line[1] if version_line else "missing"
    return (
        []
        if current == version
        else [f"__version__ in coord/__init__.py is {current}; set it to {version}"]
    )


def _changelog(root: Path, version: str) -> list[str]:
    _, *parts = SECTION.split((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    reasons = []
    if sections.get("Unreleased", "missing").strip():
        reasons.append(
            "CHANGELOG.md must begin with an empty section '## Unreleased': move what is in it to"
            " the release"
        )
    dates = {dated[1]: dated[2] for dated in map(DATED.fullmatch, sections) if dated}
    if version != next(iter(dates), None):
        reasons.append(
            f"the newest release in CHANGELOG.md is {next(iter(dates), 'missing')}; write '##"
            f" {version} - YYYY-MM-DD'"
        )
    for release, day in dates.items():
        try:
            date.fromisoformat(day)
        except ValueError:
            reasons.append(f"the date of {release} in CHANGELOG.md is none: {day}")
    if list(dates.values()) != sorted(dates.values(), reverse=True):
        reasons.append(
            "the releases in CHANGELOG.md are not in the order of their dates, newest first"
        )
    return reasons


def _commit(root: Path, version: str) -> list[str]:
    reasons = []
    if f"v{version}" not in _git(root, "tag", "--points-at", "HEAD").split():
        reasons.append(
            f"this commit has no tag v{version}: git tag -a v{version} -m 'coord {version}'"
        )
    if _git(root, "status", "--porcelain"):
        reasons.append("the working tree has changes that are not committed")
    return reasons


def _git(root: Path, *command: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *command], capture_output=True, text=True, check=True
    ).stdout


def main() -> int:
    reasons = problems(ROOT, sys.argv[1] if len(sys.argv) > 1 else "")
    for problem in reasons:
        sys.stderr.write(f"coord: {problem}\n")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
