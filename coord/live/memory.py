"""What an area keeps in memory for the app: counts, answers that stay true. It ends with the
process, and another process has its own.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app

_KEY = "coord.memory"

T = TypeVar("T")


def kept(name: str, make: Callable[[], T]) -> T:
    """The app's object of that name, made when it is first asked for; the same in all threads."""
    memory: dict[str, Any] = current_app.extensions.setdefault(_KEY, {})
    value: T = memory[name] if name in memory else memory.setdefault(name, make())
    return value


def forget(app: Flask) -> None:
    """As if the process had just begun."""
    app.extensions.pop(_KEY, None)
