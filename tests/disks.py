"""Disks of their own for tests that fill them."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def disks_missing() -> str | None:
    """Why no file system can be mounted here; None when one can be."""
    with tempfile.TemporaryDirectory(prefix="coord-disk-") as folder:
        mounted = _mount(Path(folder), "64k")
        if mounted.returncode:
            return f"no file system of its own here: {mounted.stderr.strip()}"
        _unmount(Path(folder))
    return None


@contextlib.contextmanager
def small_disk(folder: Path, size: str, files: int = 0) -> Iterator[Path]:
    """A file system of its own, as big as that, over the folder. `files`: as many as it may hold;
    0: any number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mounted = _mount(folder, f"{size},nr_inodes={files}" if files else size)
    if mounted.returncode:
        raise RuntimeError(mounted.stderr)
    try:
        yield folder
    finally:
        _unmount(folder)


def _mount(folder: Path, size: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", str(folder)],
        capture_output=True,
        text=True,
    )


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fills the disk that the folder is on; the file to delete for there to be room again."""
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as opened:
        while opened.write(b"x" * 4096):
            pass
    return filler
