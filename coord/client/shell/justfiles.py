"""What a recipe of a justfile runs, as far as the file says so: nothing is run to find out.

An expression counts where it is made of texts and variables; any other stands for something
unknown, and a text in backquotes for what that command prints.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.shell.words import SOMETHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMES = ("justfile", ".justfile")  # in any case
MAX_BYTES = 64 * 1024  # of a file and those that it imports
MAX_FILES = 10
MAX_RECIPES = 100  # that are followed for one call
MAX_DEPTH = 10  # of variables in variables
MAX_TEXT = 8192  # characters of a line with its variables
MAX_VALUES = 5000  # variables that are put in
_UNKNOWN = f"${{{SOMETHING[1:]}}}"
_END = "END_OF_RECIPE"
_QUOTES = ("'''", '"""', "'", '"')


class Recipe:
    """`parameters`: names, with what they are where nothing is given; `is_open`: the last one takes
    all that follows. `before` and `after`: the recipes that it needs, each with its arguments.
    `runs_here`: in the folder of whoever calls just."""

    __slots__ = ("after", "before", "body", "is_open", "parameters", "runs_here")

    def __init__(self) -> None:
        self.parameters: list[tuple[str, str]] = []
        self.is_open = self.runs_here = False
        self.before: list[list[str]] = []
        self.after: list[list[str]] = []
        self.body: list[str] = []


class Limits:
    """What is left for a file and those that belong to it."""

    __slots__ = ("files", "recipes", "room", "values")

    def __init__(self) -> None:
        self.room = MAX_BYTES
        self.files = MAX_FILES
        self.recipes = MAX_RECIPES
        self.values = MAX_VALUES


class Justfile:
    """`recipes`: by their names, in order. `folder`: that they run in. `modules`: the files of
    others, whose recipes are called behind their names."""

    def __init__(
        self, path: str, overrides: Mapping[str, str], limits: Limits | None = None
    ) -> None:
        """`overrides`: variables of the command line, which go before those of the file."""
        self.folder = os.path.dirname(path)
        self.recipes: dict[str, Recipe] = {}
        self.modules: dict[str, str] = {}
        self._read_modules: dict[str, Justfile] = {}
        self._aliases: dict[str, str] = {}
        self._variables: dict[str, str] = {}
        self._overrides = overrides
        self._limits = limits or Limits()
        self._read(path)

    # --- reading ------------------------------------------------------------------------------

    def _read(self, path: str) -> None:
        text = text_files.read(path, self._limits.room + 1)
        self._limits.files -= 1
        if not text or len(text) > self._limits.room:
            return
        self._limits.room -= len(text)
        recipe: Recipe | None = None
        attributes = ""
        imports: list[str] = []
        for line in text.replace("\r\n", "\n").replace("\\\n", "\0").split("\n"):
            if line[:1] in (" ", "\t"):
                if recipe is not None:
                    recipe.body.append(line.replace("\0", "\\\n"))
            elif line.startswith(("import ", "import? ")):
                recipe = None
                imports.append(self._evaluate(line.partition(" ")[2].strip(), {}, 0))
            elif line.startswith(("mod ", "mod? ")):
                recipe, attributes = None, ""
                self._module(os.path.dirname(path), _split(line.partition("#")[0])[1:])
            elif line[:1] == "[":
                attributes += line
            elif line.strip() and line[0] != "#":
                recipe = self._statement(line.replace("\0", " ").strip())
                if recipe is not None:
                    recipe.runs_here = "no-cd" in attributes
                attributes = ""
        for name in imports:  # what the file itself has counts more
            if self._limits.files > 0:
                self._read(os.path.normpath(os.path.join(os.path.dirname(path), name)))

    def _module(self, folder: str, words: list[str]) -> None:
        """`mod name`, `mod name 'path'`: a file, or one in a folder of that name."""
        name = words[0] if words else ""
        named = self._evaluate(words[1], {}, 0) if words[1:] else name
        path = os.path.normpath(os.path.join(folder, os.path.expanduser(named)))
        files = [path, f"{path}.just"] if words[1:] else [f"{path}.just"]
        files += [os.path.join(path, file) for file in ("mod.just", *NAMES)]
        self.modules[name] = next(filter(os.path.isfile, files), "")

    def _statement(self, line: str) -> Recipe | None:
        """The recipe that the lines behind it belong to."""
        first = line.partition(" ")[0]
        name, assigns, value = line.removeprefix("export ").partition(":=")
        if assigns and name.split() == ["set", "working-directory"]:
            self.folder = os.path.normpath(
                os.path.join(self.folder, self._evaluate(value.strip(), {}, 0))
            )
            return None
        if first in ("set", "unexport"):
            return None
        if assigns and first == "alias":
            self._aliases.setdefault(name.partition(" ")[2].strip(), value.strip())
            return None
        if assigns and name.strip().replace("-", "_").isidentifier():
            self._variables.setdefault(name.strip(), value.strip())
            return None
        head, colon, needs = _at_colon(line)
        words = _split(head.lstrip("@"))
        return self._recipe(words[0], words[1:], needs) if colon and words else None

    def _recipe(self, name: str, parameters: list[str], needs: str) -> Recipe:
        recipe = Recipe()
        self.recipes.setdefault(name, recipe)
        for parameter in parameters:
            recipe.is_open = parameter[:1] in ("+", "*")
            spelt, equals, default = parameter.lstrip("+*$").partition("=")
            is_empty = parameter[:1] == "*" and not equals
            recipe.parameters.append((spelt, "''" if is_empty else default))
        before, _, after = needs.partition("#")[0].partition("&&")
        recipe.before = [_split(need.strip("()")) for need in _split(before)]
        recipe.after = [_split(need.strip("()")) for need in _split(after)]
        return recipe

    # --- following ----------------------------------------------------------------------------

    def lines(self, words: list[str]) -> Iterator[tuple[str, str]]:
        """Of shell, in the order in which just runs them: the first recipe's without any words; and
        the folder of each, empty for that of whoever calls just."""
        words = words or list(self.recipes)[:1]
        while words:
            name, *arguments = words
            inner = self._module_of(name)
            if inner is not None:
                below = name.partition("::")[2]
                yield from inner.lines([below, *arguments] if below else arguments)
                return
            recipe = self._named(name)
            count = len(recipe.parameters) if recipe is not None else 0
            taken = len(arguments) if recipe is not None and recipe.is_open else count
            yield from self._run(name, arguments[:taken])
            words = arguments[taken:]

    def _module_of(self, name: str) -> Justfile | None:
        """Of `module` and `module::recipe`."""
        first = name.partition("::")[0]
        path = self.modules.get(first)
        if not path or first in self.recipes or self._limits.files <= 0:
            return self._read_modules.get(first)
        if first not in self._read_modules:
            self._read_modules[first] = Justfile(path, {}, self._limits)
        return self._read_modules[first]

    def _named(self, name: str) -> Recipe | None:
        return self.recipes.get(self._aliases.get(name, name))

    def _run(self, name: str, arguments: list[str]) -> Iterator[tuple[str, str]]:
        inner = self._module_of(name) if "::" in name else None
        if inner is not None:
            yield from inner._run(name.partition("::")[2], arguments)
            return
        recipe = self._named(name)
        self._limits.recipes -= 1
        if recipe is None or self._limits.recipes < 0:
            return
        values = self._bind(recipe, arguments)
        for need in recipe.before:
            yield from self._run_need(need, values)
        folder = "" if recipe.runs_here else self.folder
        yield from ((folder, line) for line in self._body(recipe, values))
        for need in recipe.after:
            yield from self._run_need(need, values)

    def _run_need(self, need: list[str], values: dict[str, str]) -> Iterator[tuple[str, str]]:
        if need:
            yield from self._run(need[0], [self._evaluate(text, values, 0) for text in need[1:]])

    def _bind(self, recipe: Recipe, arguments: list[str]) -> dict[str, str]:
        values: dict[str, str] = {}
        for at, (name, default) in enumerate(recipe.parameters):
            is_last = recipe.is_open and at == len(recipe.parameters) - 1
            texts = arguments[at:] if is_last else arguments[at : at + 1]
            values[name] = " ".join(texts) if texts else self._evaluate(default, values, 0)
        return values

    def _body(self, recipe: Recipe, values: dict[str, str]) -> list[str]:
        lines = [self._filled(line, values) for line in recipe.body]
        indent = lines[0][: len(lines[0]) - len(lines[0].lstrip(" \t"))] if lines else ""
        lines = [line.removeprefix(indent) for line in lines]
        if not lines or not lines[0].startswith("#!"):
            return [line.lstrip(" \t@-") for line in lines if line.strip()]
        program = lines[0][2:].strip()  # the whole of it is a script
        return ["\n".join([f"{program} - <<'{_END}'", *lines[1:], _END])] if program else []

    def _filled(self, line: str, values: Mapping[str, str]) -> str:
        """With what stands for its `{{…}}`."""
        first, *pieces = line.replace("{{{{", "\1").split("{{")
        filled = [first]
        for piece in pieces:
            expression, _, text = piece.partition("}}")
            filled += [self._evaluate(expression.strip(), values, 0), text]
            if sum(map(len, filled)) > MAX_TEXT:
                break
        return "".join(filled).replace("\1", "{{")

    def _evaluate(self, expression: str, values: Mapping[str, str], depth: int) -> str:
        """`'v' + version`, `folder / 'x'`"""
        parts = _split(expression)
        self._limits.values -= 1
        if depth >= MAX_DEPTH or not parts or self._limits.values < 0:
            return _UNKNOWN
        text = ""
        for at, part in enumerate(parts):
            if at % 2:
                if part not in ("+", "/"):
                    return _UNKNOWN
                text += "/" if part == "/" else ""
            else:
                text += self._operand(part, values, depth)
        return text if len(text) <= MAX_TEXT else _UNKNOWN

    def _operand(self, text: str, values: Mapping[str, str], depth: int) -> str:
        for quote in _QUOTES:
            if text.startswith(quote) and text.endswith(quote) and len(text) >= 2 * len(quote):
                return text[len(quote) : -len(quote)]
        if text[:1] == "`" and text[-1:] == "`":
            return f"$({text.strip('`')})"
        if text in values:
            return values[text]
        if text in self._overrides:
            return self._overrides[text]
        known = self._variables.get(text)
        return self._evaluate(known, {}, depth + 1) if known is not None else _UNKNOWN


def find(folder: str) -> str:
    """The nearest one upwards; empty where there is none."""
    while True:
        try:
            names = os.listdir(folder)
        except OSError:
            names = []
        for name in names:
            if name.lower() in NAMES:
                return os.path.join(folder, name)
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above


def _at_colon(line: str) -> tuple[str, str, str]:
    """Parted at the first colon outside of texts."""
    quote = ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"`":
            quote = letter
        elif letter == ":":
            return line[:at], ":", line[at + 1 :]
    return line, "", ""


def _split(text: str) -> list[str]:
    """At blanks outside of texts and parentheses."""
    words: list[str] = []
    word, quote, depth = "", "", 0
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"`":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        if letter.isspace() and not quote and depth <= 0:
            words += [word] if word else []
            word = ""
        else:
            word += letter
    return [*words, word] if word else words
