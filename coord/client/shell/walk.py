"""Follows a line of shell as the shell would, without running anything: from folder to folder,
through subshells, loops and the programs that run others.

What is understood only nearly is taken for what it may be.
"""

from __future__ import annotations

import os
from itertools import islice

from coord.client.paths import is_whole, path_in
from coord.client.shell import posix, windows
from coord.client.shell.effects import Effects
from coord.client.shell.links import Links
from coord.client.shell.location import Location
from coord.client.shell.texts import note_texts
from coord.client.shell.variables import Variables
from coord.client.shell.words import (
    FOUND,
    VARIABLES,
    Branch,
    Command,
    Function,
    Loop,
    LoopEnd,
    Scope,
    Value,
    ends_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.rules import Rules
    from coord.client.shell.words import Item

MAX_LINES_WITHIN = 8  # lines of shell in lines of shell, as `bash -c "bash -c …"`
MAX_RUNNERS = 20  # programs that run one another
MAX_COMMANDS = 2000  # of one line, with all that they run
MAX_TASK_FILES = 100  # read for one line: each may run others, or itself
MAX_WORDS = 1000  # of one command
MAX_TURNS = 8  # of a loop that are followed one by one; of more all at once
MAX_LOOPS = 6  # in one another, of those
MANY_WORDS = 20  # they take as long to look at as a command
# of a line and those within it; Linux takes half of that as an argument
MAX_CHARACTERS = 256 * 1024
_OUTPUTS = frozenset((">", ">>", "&>", "&>>", "<>", ">&"))


def effects_of(line: str, folder: str, rules: Rules, shell: str = "posix") -> Effects:
    """`shell`: `posix` or `powershell`. Raises BadPattern."""
    walk = Walk(folder, rules)
    walk.line(line.replace("\0", ""), shell)
    return walk.effects


class Body:
    """Of a function: which of the items of its line they are."""

    __slots__ = ("end", "ends", "is_called", "items", "start")

    def __init__(self, items: list[Item], start: int, end: int, ends: dict[int, int]) -> None:
        self.items = items
        self.start = start
        self.end = end
        self.ends = ends
        self.is_called = False


class Turn:
    """Of a `while`: its number, and how many lines its `read` has."""

    __slots__ = ("lines", "number")

    def __init__(self) -> None:
        self.number = self.lines = 0


class Walk:
    """A walk through the commands of a line.

    `new_folders`: that the line makes. `file_texts`: what the files hold that it writes.
    `name_patterns`: of the names of files that are not known further, as those that `find` lists.
    """

    def __init__(self, folder: str, rules: Rules) -> None:
        self.effects = Effects()
        self.rules = rules
        self.variables = Variables(Location(folder))
        self.is_windows = False
        self.aliases: dict[str, str] = {}
        self.git_aliases: dict[str, str] = {}
        self.functions: dict[str, Body] = {}
        self.new_folders: set[str] = set()
        self.links = Links()
        self.file_texts: dict[str, str] = {}
        self.name_patterns: tuple[str, ...] = ()
        self._runners = 0  # programs around the one that is looked at
        self._outer: list[Variables] = []  # of the shells around a subshell
        self._depth = 0
        self._room = MAX_CHARACTERS
        self._commands = 0
        self._task_files = 0
        self._loops = 0
        self._turn: Turn | None = None  # of the innermost `while` that is followed
        self._locals: dict[str, list[Value] | None] | None = None  # what they were outside
        self._loop_inputs: list[Command] = []  # of the loops around, the innermost last

    @property
    def location(self) -> Location:
        return self.variables.location

    @property
    def folder(self) -> str:
        return self.location.folder

    @property
    def loop_input(self) -> Command:
        """What feeds the loop that is followed: its last line has the redirections."""
        return self._loop_inputs[-1] if self._loop_inputs else Command()

    def line(self, text: str, shell: str = "posix") -> None:
        if self._depth >= MAX_LINES_WITHIN or not self._room:
            return
        text = text[: self._room]
        self._room -= len(text)
        self._depth += 1
        was_windows, self.is_windows = self.is_windows, shell != "posix"
        readers = {"powershell": windows.read_powershell, "cmd": windows.read_cmd}
        items, is_read = readers.get(shell, posix.read)(text)
        defined = list(self.functions.values())
        self._follow(items, 0, len(items), ends_of(items))
        for body in [body for body in self.functions.values() if body not in defined]:
            if not body.is_called:  # another line may, or a trap
                self.call(body, None)
        if not is_read:
            self._guess(text)
        self.is_windows = was_windows
        self._depth -= 1

    def line_apart(
        self, text: str, shell: str = "posix", arguments: list[Value] | None = None
    ) -> None:
        """Of a shell of its own: where it goes, this one does not. `arguments`: `$0` and on, where
        they are known."""
        around, self.variables = self.variables, self.variables.copy()
        self.variables.own_name = arguments[0] if arguments else None
        self.variables.arguments = arguments and arguments[1:]
        self.line(text, shell)
        self.variables = around

    def call(self, body: Body, arguments: list[Value] | None) -> None:
        body.is_called = True
        around, self.variables.arguments = self.variables.arguments, arguments
        outer, self._locals = self._locals, {}
        self._follow(body.items, body.start, body.end, body.ends)
        for name, values in self._locals.items():
            self.variables.restore(name, values)
        self._locals = outer
        self.variables.arguments = around

    def define_local(self, name: str) -> None:
        """A variable that ends with the function that is followed."""
        if self._locals is not None:
            self._locals.setdefault(name, self.variables.get(name))

    def _follow(self, items: list[Item], at: int, end: int, ends: dict[int, int]) -> None:
        while at < end and self._commands <= MAX_COMMANDS:
            item = items[at]
            at += 1
            if isinstance(item, Scope):
                self._scope(item)
            elif isinstance(item, Branch):
                self.variables.branch(opens=item.opens)
            elif isinstance(item, Loop):
                at = self._loop(item, items, at, ends)
            elif isinstance(item, LoopEnd) and self._loop_inputs:
                self._loop_inputs.pop()
            elif isinstance(item, Function) and at - 1 in ends:
                self.functions[item.name] = Body(items, at, ends[at - 1], ends)
                at = ends[at - 1]
            elif isinstance(item, Command):
                self._command(item)

    def follow(self, words: list[Value], command: Command) -> None:
        """A program and its arguments, which the command runs, or another program for it."""
        from coord.client.shell.simple_command import follow

        self._commands += 1
        if self._runners >= MAX_RUNNERS or self._commands > MAX_COMMANDS:
            return
        self._runners += 1
        follow(self, words, command)
        self._runners -= 1

    def may_read_tasks(self) -> bool:
        """Asked before each file that says what a project's tasks run."""
        self._task_files += 1
        return self._task_files <= MAX_TASK_FILES and not self.location.is_lost

    def _loop(self, loop: Loop, items: list[Item], at: int, ends: dict[int, int]) -> int:
        """Where the walk goes on: behind the loop where each of its turns was followed, else in
        it, with all values at once."""
        values, end = self._loop_values(loop), ends.get(at - 1)
        last = items[end] if end is not None else None
        self._loop_inputs.append(last.command if isinstance(last, LoopEnd) else Command())
        is_counted = bool(loop.name) and not 1 < len(values) <= MAX_TURNS
        if end is None or self._loops >= MAX_LOOPS or is_counted:
            set_values = self.variables.set if loop.is_list else self.variables.set_one_of
            set_values(loop.name, values)
            return at
        self._loops += 1
        for value in values if loop.name else ():
            self._commands += 1
            self.variables.set(loop.name, [value])
            self._follow(items, at, end, ends)
        if not loop.name:
            self._while(items, at, end, ends)
        self._loops -= 1
        return end

    def _while(self, items: list[Item], at: int, end: int, ends: dict[int, int]) -> None:
        """A turn for each of the lines that it reads, where those are known; else one more with
        what the first has set."""
        outer, self._turn = self._turn, Turn()
        self._follow(items, at, end, ends)
        around, self.variables = self.variables, self.variables.copy()
        for number in range(1, max(self._turn.lines, 2)):
            self._commands += 1
            self._turn.number = number
            self._follow(items, at, end, ends)
        self.variables = around
        self._turn = outer

    def of_this_turn(self, lines: list[Value]) -> list[Value]:
        """Of the lines that a `while` reads the one that is its turn's; of many, all at once."""
        turn = self._turn
        if turn is None or not 1 < len(lines) <= MAX_TURNS:
            return lines
        turn.lines = max(turn.lines, len(lines))
        return lines[turn.number : turn.number + 1] or lines[-1:]

    def _loop_values(self, loop: Loop) -> list[Value]:
        from coord.client.shell.targets import targets

        values: list[Value] = []
        for word in loop.words[:MAX_WORDS]:
            for value in self.variables.expand(word):
                files = [path for path, is_tree in targets(self, value) if not is_tree]
                is_listed = value.is_pattern and bool(files)
                values += [Value(path) for path in files] if is_listed else [value]
        return values[:MAX_WORDS] or [Value(f"${loop.name}", "")]

    def _scope(self, scope: Scope) -> None:
        if scope.opens:
            self._outer.append(self.variables)
            self.variables = self.variables.copy()
        elif self._outer:
            self.variables = self._outer.pop()

    def _guess(self, text: str) -> None:
        """Of a line that is torn: rather a word too many than a push unseen."""
        kept = self.effects
        self.effects = Effects()
        for separator in ("&&", "||", ";", "|", "&", "(", ")", "`"):
            text = text.replace(separator, "\n")
        for piece in text.split("\n")[:MAX_COMMANDS]:
            words = [Value(word.strip("'\"")) for word in piece.split()[:100]]
            if words:
                self.follow(words, Command())
        kept.locks.update(self.effects.locks)
        self.effects = kept

    def _command(self, command: Command) -> None:
        """Of a variable with several values, of which it has one, with each."""
        alternatives = self.variables.alternatives
        parts = [part for word in command.words for part in word.parts] if alternatives else []
        names = {text for kind, text in parts if kind in VARIABLES}
        name = min(names & alternatives, default=None)
        values = self.variables.get(name) if name is not None else None
        if name is None or not values or len(values) > MAX_TURNS:
            self._simple(command)
            return
        for value in values:
            self._commands += 1
            self.variables.restore(name, [value])
            self.variables.alternatives.discard(name)
            self._command(command)
        self.variables.restore(name, values)
        self.variables.alternatives.add(name)

    def _simple(self, command: Command) -> None:
        own = [name for name, _ in command.assignments] if command.words else []
        before = [(name, self.variables.get(name)) for name in own]
        for name, assigned in command.assignments:
            values = [value for word in assigned for value in self.variables.expand(word)]
            if len(assigned) > 1:
                values = [value for value in values if value.text]
            others = self.variables.get(name) if command.operator_before else None
            self.variables.set(name, values + (others or []))
            if others:
                self.variables.alternatives.add(name)
        written: list[Value] = []
        for operator, word in command.redirects[:MAX_WORDS]:
            if operator in _OUTPUTS:
                for value in self.variables.expand(word):
                    self.write(value)
                    written.append(value)
        note_texts(self, written, command)
        expanded = (
            value for word in command.words[:MAX_WORDS] for value in self.variables.expand(word)
        )
        words = list(islice(expanded, MAX_WORDS))
        self._commands += len(words) // MANY_WORDS
        if words:
            self.follow(words, command)
        for name, previous in before:
            self.variables.restore(name, previous)

    def is_folder(self, path: str) -> bool:
        """One that is there, or that the line has made."""
        return os.path.isdir(self.links.resolve(path)) or path in self.new_folders

    def path(self, value: Value) -> str | None:
        """The place that a word names; None where that is not known."""
        if not value.is_known:
            from coord.client.shell.targets import only_match

            return None if self.location.is_lost else only_match(self, self.folder, value)
        text = self.native(value.text)
        if self.location.is_lost and not is_whole(path_in("", text)):
            return None
        path = path_in(self.folder, text)
        # programs of Windows have `..` taken off before a path is opened
        return os.path.normpath(path) if self.is_windows else self.links.place(path)

    def native(self, text: str) -> str:
        """With Windows' separators as this system writes them."""
        if self.is_windows and os.sep == "/" and ":" not in text[:2]:
            return text.replace("\\", "/")
        return text

    def slashed(self, text: str) -> str:
        """With Windows' separators as slashes, to be taken apart at."""
        return text.replace("\\", "/") if self.is_windows else text

    def need(self, lock: str, folder: str | None = None) -> None:
        self.effects.locks[folder or self.folder, lock] = None

    def write(
        self, value: Value, *, whole_folders: bool = False, replaces_links: bool = False
    ) -> None:
        """`whole_folders`: a folder is changed with all that is in it. `replaces_links`: what links
        point to stays as it is."""
        from coord.client.shell.targets import open_names, targets

        if self.location.is_lost and not is_whole(path_in("", value.text)):
            self._write_somewhere(value)
            return
        folder, names = open_names(self, value) or (None, ())
        if folder is not None:
            if names:
                self.change_tree(folder, names)
            return
        for folder in self.location.others if value.is_known else ():
            path = self.links.place(path_in(folder, value.text))
            if os.path.isfile(path):
                self.effects.files[path] = None
        for path, is_tree in targets(self, value):
            if is_tree:
                self.change_tree(
                    path, self.name_patterns if value.text.rpartition("/")[2] in FOUND else ()
                )
                continue
            resolved = self.links.resolve(path, follows_last=not replaces_links)
            for place in dict.fromkeys((path, resolved)):
                if replaces_links and os.path.islink(place):
                    self.effects.links[place] = None
                elif whole_folders and os.path.isdir(place):
                    self.change_tree(place)
                else:
                    self.effects.files[place] = None

    def _write_somewhere(self, value: Value) -> None:
        """In a folder that is not known: a file here that the word fits, else any of that name."""
        from coord.client.shell.targets import is_nowhere
        from coord.client.workspace import repository

        if is_nowhere(value.text):
            return
        path = os.path.normpath(os.path.join(self.folder, value.text))
        if value.is_known and os.path.isfile(path):
            self.effects.files[path] = None
        checkout = repository(self.folder)
        name = os.path.basename(path) if value.is_known or value.is_pattern else ""
        top = checkout.top if checkout is not None else self.folder
        self.change_tree(top, (name,) if name.strip("*.") else ())

    def change_tree(self, folder: str, names: tuple[str, ...] = ()) -> None:
        self.effects.trees[folder, names] = None
