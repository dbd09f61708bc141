"""What a program is called."""

from __future__ import annotations

import os

from coord.client.shell.words import Value

_ENDINGS = (".exe", ".cmd", ".bat", ".com", ".ps1")


def program_name(word: Value, *, is_windows: bool = False) -> str:
    """Without its folder, its ending on Windows and its version; of `$KUBECTL` and
    `$(which kubectl)` what they most likely are."""
    text = word.text
    if not word.is_known:
        text = text.split()[-1].strip("$(){}\"'") if text.strip() else text
        text = text if "/" in text else text.lower()
    if text.startswith("@") and "/" in text:  # `@changesets/cli`, `@biomejs/biome`
        scope, _, package = text[1:].partition("/")
        package = package.partition("@")[0]
        return scope if package == "cli" else package
    text = text.replace("\\", "/").rstrip("/").rpartition("/")[2]
    for ending in _ENDINGS:
        if text.lower().endswith(ending):
            text = text[: -len(ending)].lower()
            break
    text = text.partition("@")[0] or text
    for plain in ("python", "pypy", "pip"):
        if text.startswith(plain) and text[len(plain) :].replace(".", "").isdigit():
            return "python" if plain != "pip" else plain
    if text in ("nodejs", "pypy", "py"):
        return "node" if text == "nodejs" else "python"
    return text.lower() if is_windows or os.name == "nt" else text
