"""What a project adds in `.coord.toml` to what coord knows of commands.

[[hook.commands]]                       # by a regular expression for the beginning of a command
pattern = "bin/import (\\w+)"
resource = "import \\1"

[[hook.programs]]                       # by the program and its words, as in the built-in table
name = "shipit"
resource = "deploy"
verbs = ["release", "db reset"]         # none: whatever it is given
options_with_value = ["-e", "--env"]

[[hook.programs]]
name = "with-secrets"
runs = true                             # the command behind its options
"""

from __future__ import annotations

from coord.client.shell.packages import PACKAGES_AND_DATABASES
from coord.client.shell.program import Program
from coord.client.shell.programs import PROGRAMS
from coord.client.shell.runners import RUNNERS, Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.patterns import Budget, Expression

MAX_ENTRIES = 100  # of a project
_WHERE = "in .coord.toml"


class BadPattern(ValueError):
    """An entry of `[[hook.commands]]` or `[[hook.programs]]` that cannot be used."""


class Rules:
    """The table of programs, with the project's additions before it; `default_commands = false`
    leaves only those."""

    def __init__(self, config: dict[str, object]) -> None:
        """Raises BadPattern."""
        hook = config.get("hook")
        hook = hook if isinstance(hook, dict) else {}
        self.has_defaults = bool(hook.get("default_commands", True))
        self._patterns = _patterns(_entries(hook, "commands"))
        self._budget: Budget | None = None  # that is left for them
        self._programs: dict[str, list[Program]] = {}
        self._runners: dict[str, list[Runner]] = {}
        for entry in _entries(hook, "programs"):
            self._add(entry)
        for program in (*PROGRAMS, *PACKAGES_AND_DATABASES) if self.has_defaults else ():
            for name in program.names:
                self._programs.setdefault(name, []).append(program)
        for runner in RUNNERS:
            for name in runner.names:
                self._runners.setdefault(name, []).append(runner)

    def programs(self, name: str) -> list[Program]:
        return self._programs.get(name, [])

    def runners(self, name: str) -> list[Runner]:
        return self._runners.get(name, [])

    def matched(self, command: str) -> str | None:
        """The resource of the first pattern that matches the beginning of the command. Raises
        BadPattern."""
        if not self._patterns:
            return None
        from coord.client.shell.patterns import Budget, TookTooLong

        self._budget = self._budget or Budget()
        try:
            for pattern, resource in self._patterns:
                named = pattern.expand(command, resource, self._budget)
                if named is not None:
                    return named
        except TookTooLong:
            raise BadPattern(
                f"[[hook.commands]] {_WHERE}: the patterns take too long for this command. Make"
                " them plainer."
            ) from None
        return None

    def _add(self, entry: dict[str, object]) -> None:
        name, values = entry.get("name"), _texts(entry, "options_with_value")
        if not isinstance(name, str) or not name:
            raise BadPattern(f"[[hook.programs]] {_WHERE} needs a name.")
        if entry.get("runs") is True:
            self._runners[name] = [Runner(name, values=" ".join(values))]
            return
        resource = entry.get("resource")
        if not isinstance(resource, str) or not resource:
            raise BadPattern(
                f"[[hook.programs]] {_WHERE}: {name} needs a resource, or runs = true."
            )
        verbs = ",".join(_texts(entry, "verbs"))
        self._programs[name] = [Program(name, {resource: verbs}, values=" ".join(values))]


def _entries(hook: dict[str, object], name: str) -> list[dict[str, object]]:
    listed = hook.get(name, [])
    listed = listed if isinstance(listed, list) else []
    if len(listed) > MAX_ENTRIES:
        raise BadPattern(f"[[hook.{name}]] {_WHERE} has more than {MAX_ENTRIES} entries.")
    if not all(isinstance(entry, dict) for entry in listed):
        raise BadPattern(f"[[hook.{name}]] {_WHERE}: each entry is a table.")
    return listed


def _texts(entry: dict[str, object], name: str) -> list[str]:
    listed = entry.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise BadPattern(f"[[hook.programs]] {_WHERE}: {name} is a list of texts.")
    return listed


def _patterns(entries: list[dict[str, object]]) -> list[tuple[Expression, str]]:
    if not entries:
        return []
    from coord.client.shell.patterns import BadExpression, Expression

    compiled = []
    for entry in entries:
        pattern, resource = entry.get("pattern"), entry.get("resource")
        if (
            not isinstance(pattern, str)
            or not isinstance(resource, str)
            or not (pattern and resource)
        ):
            raise BadPattern(
                f"[[hook.commands]] {_WHERE} needs a pattern and a resource, both texts."
            )
        try:
            expression = Expression(pattern)
            expression.check_template(resource)
        except BadExpression as error:
            raise BadPattern(
                f"[[hook.commands]] {_WHERE}: the pattern {pattern!r} {error}."
            ) from None
        compiled.append((expression, resource))
    return compiled
