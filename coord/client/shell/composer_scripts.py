"""What a script of a `composer.json` runs: `composer deploy` is what stands there under that name.

`@name` is another script, `@php` and `@composer` these programs, `Some\\Class::method` PHP's own.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.lean import loads_or_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "composer.json"
MAX_BYTES = 256 * 1024
MAX_SCRIPTS = 100  # that are followed for one call
_EVENTS = {"install": "install", "i": "install", "update": "update", "u": "update"}
_PROGRAMS = ("@php ", "@composer ")


class ComposerFile:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        content = loads_or_none(text_files.read(os.path.join(folder, NAME), MAX_BYTES))
        scripts = content.get("scripts") if isinstance(content, dict) else None
        self._scripts: dict[str, object] = scripts if isinstance(scripts, dict) else {}
        self._environment = ""  # what stands before each line
        self._followed = 0

    def lines(self, name: str, arguments: str) -> Iterator[str]:
        """Of shell. `arguments`: come to each of them."""
        event = _EVENTS.get(name)
        if event is not None and name not in self._scripts:
            for script in (f"pre-{event}-cmd", f"post-{event}-cmd", "post-autoload-dump"):
                yield from self._run(script, "")
        yield from self._run(name, arguments)

    def _run(self, name: str, arguments: str) -> Iterator[str]:
        listed = self._scripts.get(name)
        self._followed += 1
        if self._followed > MAX_SCRIPTS:
            return
        for step in listed if isinstance(listed, list) else [listed]:
            if not isinstance(step, str) or ("::" in step and " " not in step):
                continue
            if step.startswith("@putenv "):
                self._environment += f"export {step.partition(' ')[2]}; "
            elif step[:1] == "@" and not step.startswith(_PROGRAMS):
                called, _, given = step[1:].partition(" ")
                yield from self._run(called, f"{given} {arguments}".strip())
            else:
                yield self._environment + _with_arguments(step.lstrip("@"), arguments)


def _with_arguments(step: str, arguments: str) -> str:
    if "@additional_args" in step:
        return step.replace("@additional_args", arguments)
    if "@no_additional_args" in step:
        return step.replace("@no_additional_args", "")
    return f"{step} {arguments}".rstrip()
