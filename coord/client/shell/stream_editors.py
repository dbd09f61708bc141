"""What programs of sed and awk do beside their output: files that they write, commands that they
run.
"""

from __future__ import annotations

from coord.client.shell.options import parse_arguments
from coord.client.shell.texts import text_of
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.options import Arguments
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

MAX_CHARACTERS = 20_000  # of a program that is read
_SED_VALUES = frozenset("-e --expression -f --file -l --line-length".split())
_AWK_VALUES = frozenset("-F -v -f -i --field-separator --assign --file --include".split())


def follow_sed(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, _SED_VALUES)
    scripts = [*args.values.get("-e", []), *args.values.get("--expression", [])]
    scripts += [Value(text) for text in _files(walk, args, command)]
    if not scripts and not args.has(("-f", "--file")):
        scripts = args.plain[:1]
    for script in scripts:
        for kind, text in sed_effects(script.text[:MAX_CHARACTERS]):
            if kind == "w":
                walk.write(_file(text, script))
            else:
                walk.line_apart(text)


def _files(walk: Walk, args: Arguments, command: Command) -> list[str]:
    """What stands in the files of `-f`, where the line says so."""
    named = [value for option in ("-f", "--file") for value in args.values.get(option, [])]
    texts = [text_of(walk, value, command) for value in named]
    return [text for text in texts if text is not None]


def _file(text: str, script: Value) -> Value:
    is_whole = script.is_known or "$" not in text
    return Value(text, None if is_whole else text.partition("$")[0])


def sed_effects(script: str) -> list[tuple[str, str]]:
    """`w` and a file that it writes, `e` and a command that it runs."""
    return _Sed(script).effects()


class _Sed:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def effects(self) -> list[tuple[str, str]]:
        effects: list[tuple[str, str]] = []
        while self.at < len(self.text):
            self._address()
            letter = self.text[self.at : self.at + 1]
            self.at += 1
            if letter in ("s", "y"):
                self._delimited(2)
                effects += self._flags() if letter == "s" else []
            elif letter in ("w", "W", "e"):
                text = self._line().strip()
                effects += [("e" if letter == "e" else "w", text)] if text else []
            elif letter in ("r", "R"):
                self._line()
            elif letter in ("a", "i", "c"):
                self._added()
            elif letter in (":", "b", "t", "T"):
                while self.at < len(self.text) and self.text[self.at] not in ";\n}":
                    self.at += 1
        return effects

    def _address(self) -> None:
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "/":
                self._delimited(1)
            elif letter == "\\":
                self.at += 1
                self._delimited(1)
            elif letter in " \t\n;{}!,~+$0123456789IM":
                self.at += 1
            else:
                return

    def _delimited(self, parts: int) -> None:
        """Behind the parts that the letter separates which stands here."""
        delimiter = self.text[self.at : self.at + 1]
        self.at += 1
        is_class = False
        while parts and self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "\\":
                self.at += 1
            elif letter == "[" and parts == 2:
                is_class = True
            elif letter == "]":
                is_class = False
            elif letter == delimiter and not is_class:
                parts -= 1
            self.at += 1

    def _flags(self) -> list[tuple[str, str]]:
        while self.at < len(self.text) and self.text[self.at] in "gpiImMe0123456789":
            self.at += 1
        if self.text[self.at : self.at + 1] not in ("w", "W"):
            return []
        self.at += 1
        name = self._line().strip()
        return [("w", name)] if name else []

    def _line(self) -> str:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        line, self.at = self.text[self.at : end], end + 1
        return line

    def _added(self) -> None:
        """The text of `a\\`, whose lines go on behind a backslash."""
        while self._line().endswith("\\"):
            pass


def follow_awk(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, _AWK_VALUES)
    set_by = [*args.values.get("-v", []), *args.values.get("--assign", [])]
    names = {name: text for name, _, text in (word.text.partition("=") for word in set_by)}
    programs = [program.text for program in args.plain[:1]]
    for program in _files(walk, args, command) if args.has(("-f", "--file")) else programs:
        text = program[:MAX_CHARACTERS]
        for target in _outputs(text):
            walk.write(_named(target, names))
        for line in _commands(text):
            walk.line_apart(line)


def _named(target: str, names: dict[str, str]) -> Value:
    """What `print > target` writes: a text, what `-v` has set, or what is not known."""
    if target[:1] == '"':
        text, _, rest = target[1:].partition('"')
        return Value(text) if not rest.strip(" )") else Value(f"{text}…", text)
    return Value(names[target]) if target in names else Value("…", "")


def _outputs(program: str) -> list[str]:
    """What stands behind the `>` of each `print`."""
    return [text for sign, text in _behind_prints(program) if sign == ">"]


def _commands(program: str) -> list[str]:
    from coord.client.shell.scripts import commands

    piped = [text[1:].partition('"')[0] for sign, text in _behind_prints(program) if sign == "|"]
    for piece in program.split("| getline")[:-1]:  # `"make deploy" | getline`
        text = piece.rstrip()
        piped += [text[:-1].rpartition('"')[2]] if text[-1:] == '"' else []
    return [*piped, *(texts[0] for texts in commands(program) if len(texts) == 1)]


def _behind_prints(program: str) -> list[tuple[str, str]]:
    """The sign behind the arguments of each `print`, and what follows up to its end."""
    redirections: list[tuple[str, str]] = []
    at = program.find("print")
    while at >= 0:
        sign, start, end = _sign(program, at + len("print"))
        if sign:
            redirections.append((sign, program[start:end].lstrip(">").strip()))
        at = program.find("print", end)
    return redirections


def _sign(program: str, at: int) -> tuple[str, int, int]:
    """`>` or `|` outside of texts and parentheses, where what follows begins, and where the
    statement ends."""
    sign, start, depth = "", at, 0
    while at < len(program) and (depth > 0 or program[at] not in ";}\n"):
        letter = program[at]
        if letter == '"':
            at = _text_end(program, at)
            continue
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if not sign and not depth and letter in ">|" and program[at : at + 2] != "||":
            sign, start = letter, at + 1
        at += 1
    return sign, start, max(at, start)


def _text_end(program: str, at: int) -> int:
    at += 1
    while at < len(program) and program[at] != '"':
        at += 2 if program[at] == "\\" else 1
    return at + 1
