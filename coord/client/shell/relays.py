"""What passes data on: `socat` into files and programs, `script` into a record of a terminal."""

from __future__ import annotations

from coord.client.shell.options import parse_arguments
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

_RUNS = frozenset(("exec", "system", "shell", "shell-exec"))
_FILES = frozenset(("open", "create", "creat", "gopen", "file"))
_SCRIPT_VALUES = frozenset(
    "-c --command -O --log-out -I --log-in -B --log-io -T --log-timing -o --output-limit -m"
    " --logging-format -E --echo".split()
)
_RECORDS = "-O --log-out -I --log-in -B --log-io -T --log-timing".split()


def _socat(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, frozenset("-lf -t -T -b -r -R -L -W".split()))
    for option in ("-lf", "-r", "-R"):
        for value in args.values.get(option, []):
            walk.write(value)
    addresses = args.plain
    read_only = addresses[:1] if "-u" in args.options else addresses[1:2]
    is_one_way = not {"-u", "-U"}.isdisjoint(args.options)
    for address in addresses:
        for part in address.text.split("!!"):
            kind, _, rest = part.partition(":")
            text, _, options = rest.partition(",")
            if kind.lower() in _RUNS:
                walk.line_apart(text.strip("'\""))
            elif kind.lower() in _FILES and not (is_one_way and address in read_only):
                walk.write(Value("" if "rdonly" in options else text))


def _script(walk: Walk, words: list[Value], command: Command) -> None:
    """On macOS the words behind the file are what it runs."""
    args = parse_arguments(words, _SCRIPT_VALUES)
    line = args.value(("-c", "--command"))
    if line is not None:
        walk.line_apart(line.text)
    records = [value for option in _RECORDS for value in args.values.get(option, [])]
    for value in records or args.plain[:1] or [Value("typescript")]:
        walk.write(value)
    if args.plain:
        walk.follow(words[words.index(args.plain[0]) + 1 :], command)


TOOLS = {"socat": _socat, "script": _script}
