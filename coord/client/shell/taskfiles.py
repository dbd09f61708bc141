"""What a task of a Taskfile runs, as far as the file says so: nothing is run to find out.

A template counts where it names a variable of the file; any other stands for something unknown.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.paths import nearest_file
from coord.client.shell import yaml_text
from coord.client.shell.words import SOMETHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from coord.client.shell.yaml_text import Node

NAMES = tuple(
    f"{name}{part}.{ending}"
    for part in ("", ".dist")
    for ending in ("yml", "yaml")
    for name in ("Taskfile", "taskfile")
)
MAX_BYTES = 64 * 1024  # of a file and those that it includes
MAX_FILES = 10
MAX_TASKS = 100  # that are followed for one call
MAX_DEPTH = 10  # of variables in variables
MAX_VALUES = 5000  # variables that are put in
_UNKNOWN = f"${{{SOMETHING[1:]}}}"


class Taskfile:
    """`tasks`: by their names, those of included files behind their namespace."""

    def __init__(self, path: str, overrides: dict[str, str]) -> None:
        self._tasks: dict[str, tuple[str, dict[str, Node]]] = {}  # with their folders
        self._variables: dict[str, Node] = {}
        self._overrides = overrides
        self._room = MAX_BYTES
        self._files = 0
        self._followed = 0
        self._values = MAX_VALUES
        self._read(path, "", os.path.dirname(path))

    def _read(self, path: str, namespace: str, folder: str) -> None:
        text = text_files.read(path, self._room + 1)
        self._files += 1
        if not text or len(text) > self._room:
            return
        self._room -= len(text)
        content = _mapping(yaml_text.read(text))
        self._variables = {**_mapping(content.get("vars")), **self._variables}
        for name, node in _mapping(content.get("tasks")).items():
            task = _named(node, "cmds")
            for known in (name, *_texts(task.get("aliases"))):
                self._tasks.setdefault(f"{namespace}{known}", (folder, task))
        for name, node in _mapping(content.get("includes")).items():
            include = _named(node, "taskfile")
            self._include(include, f"{namespace}{name}:", os.path.dirname(path), folder)

    def _include(self, include: dict[str, Node], namespace: str, base: str, folder: str) -> None:
        named = os.path.join(base, _text(include.get("taskfile")))
        path = find(named, upwards=False) if os.path.isdir(named) else named
        if self._files < MAX_FILES and "://" not in named:
            place = os.path.join(folder, _text(include.get("dir")))
            self._read(path, namespace, os.path.normpath(place))

    def lines(self, names: list[str]) -> Iterator[tuple[str, str]]:
        """Folder and line of shell of each, in the order in which task runs them."""
        for name in names or ["default"]:
            yield from self._run(name, {})

    def _run(self, name: str, given: dict[str, Node]) -> Iterator[tuple[str, str]]:
        folder, task = self._tasks.get(name, ("", {}))
        self._followed += 1
        if not task or self._followed > MAX_TASKS:
            return
        values = {**self._variables, **_mapping(task.get("vars")), **given}
        directory = self._filled(_text(task.get("dir")), values)
        place = os.path.normpath(os.path.join(folder, directory))
        namespace = name[: name.rfind(":") + 1]
        steps = [_named(need, "task") for need in _list(task.get("deps"))]
        for key in ("cmds", "cmd"):
            steps += [_named(step, "cmd") for step in _list(task.get(key))]
        for step in steps:
            yield from self._step(step, values, place, namespace)

    def _step(
        self, step: dict[str, Node], values: dict[str, Node], folder: str, namespace: str
    ) -> Iterator[tuple[str, str]]:
        if step.get("defer"):
            step = _named(step["defer"], "cmd")
        called = self._filled(_text(step.get("task")), values)
        if called:
            is_top = called[:1] == ":"
            name = called[1:] if is_top else f"{namespace}{called}"
            yield from self._run(name, _mapping(step.get("vars")))
        line = self._filled(_text(step.get("cmd")), values)
        if line:
            yield folder, line

    def _filled(self, text: str, values: dict[str, Node], depth: int = 0) -> str:
        first, *pieces = text.split("{{")
        filled = [first]
        for piece in pieces:
            template, _, behind = piece.partition("}}")
            filled += [self._value(template.strip(" -").lstrip("."), values, depth), behind]
        return "".join(filled)

    def _value(self, name: str, values: dict[str, Node], depth: int) -> str:
        if name in self._overrides:
            return self._overrides[name]
        node = values.get(name)
        self._values -= 1
        if node is None or depth >= MAX_DEPTH or self._values < 0:
            return _UNKNOWN
        if isinstance(node, str):
            return self._filled(node, values, depth + 1)
        command = _text(_mapping(node).get("sh"))
        return f"$({self._filled(command, values, depth + 1)})" if command else _UNKNOWN


def find(folder: str, *, upwards: bool = True) -> str:
    """The nearest one; empty where there is none."""
    return nearest_file(folder, NAMES, upwards=upwards)


def _mapping(node: Node | None) -> dict[str, Node]:
    return node if isinstance(node, dict) else {}


def _named(node: Node, key: str) -> dict[str, Node]:
    """A mapping; anything else is short for one with that key."""
    return node if isinstance(node, dict) else {key: node}


def _list(node: Node | None) -> list[Node]:
    return node if isinstance(node, list) else [node] if node else []


def _text(node: Node | None) -> str:
    return node if isinstance(node, str) else ""


def _texts(node: Node | None) -> list[str]:
    return [text for text in _list(node) if isinstance(text, str)]
