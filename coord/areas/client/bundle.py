"""The client as one file, `coord.pyz`: a zipapp that needs Python 3.9 and nothing else, the same
bytes for the same sources.

It is put together from the files of coord/client and of the packages that it uses, as they are
installed here. Nothing of them is imported. Only Python's own sources go in: what a package also
has in a compiled form (tomli does) runs from them on every system.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import coord

# for people's terminals, for Windows' terminals, for Python 3.9 and 3.10
PACKAGES = ("click", "colorama", "tomli")
OLDEST_PYTHON = (3, 9)

_SHEBANG = b"#!/usr/bin/env python3\n"
_WRITTEN_AT = (1980, 1, 1, 0, 0, 0)  # what a zip's calendar begins with
_HOME = Path(coord.__file__).parent

# Any Python must be able to read this, to say what it is too old for.
_MAIN = f"""import sys

if sys.version_info < {OLDEST_PYTHON}:
    sys.exit("coord needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or later, and this is %d.%d." % sys.version_info[:2])

from coord.client.__main__ import main

main()
""".encode()  # noqa: E501 (as it is shown)


@dataclass(frozen=True)
class Bundle:
    content: bytes
    sha256: str


@lru_cache(maxsize=1)
def bundle() -> Bundle:
    """Made at the first call of a process, in about 0.1 s."""
    content = build()
    return Bundle(content, hashlib.sha256(content).hexdigest())


def build() -> bytes:
    written = io.BytesIO()
    written.write(_SHEBANG)
    with zipfile.ZipFile(
        written, "w"
    ) as archive:  # not compressed: zlib's bytes differ from one node to the next
        for name, content in sorted(_files()):
            member = zipfile.ZipInfo(name, _WRITTEN_AT)
            member.create_system = 3  # whatever system this is
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)
    return written.getvalue()


def _files() -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", _MAIN
    yield "coord/__init__.py", (_HOME / "__init__.py").read_bytes()
    for file in (_HOME / "client").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"coord/{file.relative_to(_HOME).as_posix()}", file.read_bytes()
    for package in PACKAGES:
        yield from _sources(package)
        yield from _licences(package)


def _sources(package: str) -> Iterator[tuple[str, bytes]]:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"The package {package} of requirements.txt is not installed.")
    folder = Path(spec.submodule_search_locations[0])
    for file in folder.rglob("*.py"):
        inside = file.relative_to(folder)
        if "tests" not in inside.parts:
            yield f"{package}/{inside.as_posix()}", file.read_bytes()


def _licences(package: str) -> Iterator[tuple[str, bytes]]:
    installed = distribution(package)
    for file in installed.files or ():
        if file.name.upper().startswith(("LICENSE", "COPYING")):
            yield (
                f"licences/{package}-{installed.version}/{file.name}",
                Path(str(file.locate())).read_bytes(),
            )
