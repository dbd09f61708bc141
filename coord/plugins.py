"""How areas are found and judged at the start.

Built-in areas and a stranger's come through the same door: the list in `config.default`,
`COORD_AREAS`, and installed packages' entry points in the group `coord.areas`. What cannot be used
stops the start, and is named.
"""

import inspect
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from coord.area import HOOKS, Area, BoardPart
from coord.web import Blueprint

ENTRY_POINTS = "coord.areas"


class BadArea(Exception):
    """An area that cannot be used; the message says which and why."""


def find(built_in: Sequence[str], further: Sequence[str]) -> list[Area]:
    """All areas, the built-in first, each once. Raises BadArea."""
    areas = [_from_module(name) for name in built_in]
    for name in further:
        try:
            areas.append(_from_module(name))
        except BadArea as reason:
            raise BadArea(f"COORD_AREAS={name!r} cannot be used: {reason}") from reason.__cause__
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: p.name):
        loaded = point.load()
        if not isinstance(loaded, Area):
            raise BadArea(
                f"The entry point {point.name!r} ({point.value}) of group {ENTRY_POINTS} is not an"
                " Area."
            )
        if loaded not in areas:
            areas.append(loaded)
    for area in areas:
        _check(area)
    boards = [area.board for area in areas if area.board is not None]
    _refuse_doubles("areas", [area.name for area in areas])
    _refuse_doubles("tools", [tool.name for area in areas for tool in area.tools])
    _refuse_doubles("lists of the board", [shown.name for board in boards for shown in board.lists])
    return areas


def _refuse_doubles(things: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise BadArea(
                f"Two {things} are called {name!r}: rename one, or take its area out of"
                " COORD_AREAS."
            )


def _from_module(name: str) -> Area:
    try:
        area = import_module(name).area
    except (ModuleNotFoundError, TypeError, ValueError) as missing:
        raise BadArea(f"The area {name!r} cannot be imported: {missing}.") from missing
    except AttributeError:
        raise BadArea(f"The module {name!r} has no `area`.") from None
    if not isinstance(area, Area):
        raise BadArea(f"`area` of {name!r} is not an Area.")
    return area


def _check(area: Area) -> None:
    """Raises BadArea where the blueprint is another kind, or a hook cannot be called as it
    will be.
    """
    if not isinstance(area.blueprint, Blueprint):
        raise BadArea(
            f"The area {area.name!r}: its blueprint must be a coord.web.Blueprint, not"
            f" {type(area.blueprint).__name__}."
        )
    for hook, function in _hooks(area):
        parameters = HOOKS[hook.partition("[")[0]]
        form = f"{hook}({', '.join(parameters)})"
        if not callable(function):
            raise BadArea(f"The area {area.name!r}: {hook} must be a function, called as {form}.")
        try:
            inspect.signature(function).bind(*parameters)
        except TypeError as mismatch:
            raise BadArea(
                f"The area {area.name!r}: {hook} is called as {form}, which fails: {mismatch}."
            ) from None


def _hooks(area: Area) -> Iterator[tuple[str, Any]]:
    """Every hook that the area has, with its name."""
    for name in HOOKS:
        if "." not in name and name != "samples" and getattr(area, name) is not None:
            yield name, getattr(area, name)
    if area.status is not None:
        yield "status.read", area.status.read
    if area.checkin is not None:
        yield "checkin.read", area.checkin.read
        yield "checkin.line", area.checkin.line
    for tool in area.tools:
        yield f"tool.call[{tool.name}]", tool.call
    for name, sample in area.samples.items():
        yield f"samples[{name}]", sample
    if area.board is not None:
        yield from _hooks_of_board(area.board)


def _hooks_of_board(board: BoardPart) -> Iterator[tuple[str, Any]]:
    for shown in board.lists:
        yield f"board.read[{shown.name}]", shown.read
        if shown.changed is not None:
            yield f"board.changed[{shown.name}]", shown.changed
    if board.spans is not None:
        yield "board.spans", board.spans
    if board.past is not None:
        yield "board.past", board.past.item
