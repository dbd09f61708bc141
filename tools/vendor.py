"""Fetches the page's libraries from the npm registry into coord/areas/board/static/vendor, and
writes down what they are.

    python -m tools.vendor            # fetch the versions below, rewrite versions.json
    python -m tools.vendor --check    # no network: what lies there is what versions.json says

To renew one, change its version here. The page imports by relative addresses, so a bare `from
"preact"` is rewritten.
"""

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "coord" / "areas" / "board" / "static" / "vendor"
RECORD = FOLDER / "versions.json"


@dataclass(frozen=True)
class Library:
    """One file of an npm package, and the name that it gets here."""

    package: str
    version: str
    source: str
    target: str


LIBRARIES = (
    Library("preact", "11.2.0", "dist/preact.mjs", "preact.js"),
    Library("preact", "11.2.0", "hooks/dist/hooks.mjs", "hooks.js"),
    Library("htm", "3.1.1", "dist/htm.mjs", "htm.js"),
)


def fetch(folder: Path) -> dict[str, dict[str, Any]]:
    """Packs, unpacks and copies; gives back what is to be recorded."""
    recorded: dict[str, dict[str, Any]] = {}
    for library in LIBRARIES:
        packed = _pack(library, folder)
        with tarfile.open(packed) as archive:
            package = json.loads(_member(archive, "package.json"))
            text = _member(archive, library.source).decode("utf-8")
            licence = _member(archive, "LICENSE")
        (FOLDER / library.target).write_text(_for_browsers(text), encoding="utf-8", newline="\n")
        (FOLDER / f"LICENSE-{library.package}.txt").write_bytes(licence)
        recorded[library.target] = {
            "package": library.package,
            "version": library.version,
            "source": library.source,
            "licence": package["license"],
            "integrity": "sha512-"
            + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode(),
            "sha256": _sha256(FOLDER / library.target),
        }
    return recorded


def _pack(library: Library, folder: Path) -> Path:
    """npm checks the archive against the registry's integrity by itself."""
    name = f"{library.package}-{library.version}.tgz"
    if not (folder / name).exists():
        subprocess.run(
            ["npm", "pack", "--silent", f"{library.package}@{library.version}"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return folder / name


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(f"package/{name}")
    assert member is not None, name
    return member.read()


def _for_browsers(text: str) -> str:
    text = re.sub(r"""from\s*["'](preact)["']""", r'from"./\1.js"', text)
    return re.sub(r"\n?//# sourceMappingURL=.*\s*$", "\n", text)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differences() -> list[str]:
    """What lies in the folder and is not what was recorded."""
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))
    wrong = [
        f"{name} is not recorded"
        for name in sorted({path.name for path in FOLDER.glob("*.js")} - recorded.keys())
    ]
    for name, entry in recorded.items():
        if not (FOLDER / name).exists() or _sha256(FOLDER / name) != entry["sha256"]:
            wrong.append(
                f"{name} is not the {entry['package']} {entry['version']} that versions.json says"
            )
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare, without a network")
    if not parser.parse_args().check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            RECORD.write_text(json.dumps(fetch(Path(folder)), indent=2) + "\n", encoding="utf-8")
    wrong = differences()
    sys.stderr.writelines(f"{difference}; run: make vendor\n" for difference in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
