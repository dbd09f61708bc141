"""What is sent to a database by its own client: `psql -f x.sql`, `mysql < x.sql`.

A statement that only looks needs nothing. A file is not read: it is taken for one that changes.
"""

from __future__ import annotations

from coord.client.shell.options import parse_arguments
from coord.client.shell.outputs import read_by
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

LOCK = "migrate"
_STATEMENTS = {
    "psql": "-c --command",
    "mysql": "-e --execute",
    "mariadb": "-e --execute",
    "mongosh": "--eval",
    "mongo": "--eval",
    "cqlsh": "-e --execute",
    "clickhouse-client": "-q --query",
    "sqlcmd": "-Q -q",
    "snowsql": "-q --query",
    "duckdb": "-c -cmd",
    "sqlite3": "-cmd",
    "sqlite": "-cmd",
}
"""The options whose value is a statement."""
_SCRIPTS = frozenset("-f --file -i --init-file --queries-file".split())
_VALUES = frozenset(
    "-h --host -p --port -U --username -d --dbname -u --user -v --set -P --pset -D --database -S"
    " --socket -o --output".split()
)
_FILES = frozenset(("sqlite3", "sqlite", "duckdb"))  # their database is a file, and the first word
_LOOKS = frozenset(
    "select show explain describe desc with table values pragma use set list begin commit".split()
)
_CHANGES = frozenset(
    "insert update delete drop alter create truncate grant revoke merge replace into rename"
    " deleteone deletemany insertone insertmany updateone updatemany dropdatabase vacuum".split()
)
_SHELLS = frozenset((".shell", ".system", "\\!", "system", "!", "!!"))
_OUTPUTS = frozenset(r".backup .save .clone .output .once .log \o \out \w \write \g tee \T".split())
_NAMES = ("into ", "attach ", "attach database ", "writefile(")
_WITHOUT_SQL = ("--help", "--version", "-V", "-l", "--list", "-?")


_WITHIN = {
    "manage.py": (("dbshell",), "psql"),
    "django-admin": (("dbshell",), "psql"),
    "heroku": (("pg:psql",), "psql"),
    "rails": (("dbconsole", "db"), "psql"),
}
"""Programs of which a command is such a client."""


def follow_client(walk: Walk, name: str, words: list[Value], command: Command) -> None:
    verbs, client = _WITHIN.get(name, ((), ""))
    at = next((at for at, word in enumerate(words) if word.text in verbs), None)
    if at is not None:
        name, words = client, words[at + 1 :]
    options = frozenset(_STATEMENTS.get(name, "").split())
    if not options:
        return
    scripts = frozenset() if name in ("mysql", "mariadb") else _SCRIPTS
    args = parse_arguments(words, _VALUES | options | scripts)
    if args.has(_WITHOUT_SQL):
        return
    texts = [value.text for option in options for value in args.values.get(option, [])]
    if name in _FILES:
        texts += [word.text for word in args.plain[1:]]
    statements = read_by(command, walk.variables)
    if statements is not None or command.source is not None:
        texts.append("drop" if statements is None else statements)
    if name in _FILES:
        for file in [file for text in texts for file in _named_files(text)]:
            walk.write(Value(file))
    for line in [line for text in texts for line in text.split("\n")]:
        _own_command(walk, line.strip())
    reads = any(operator == "<" for operator, _ in command.redirects) or args.has(scripts)
    if not reads and not any(map(_changes, texts)):
        return
    if name not in _FILES:
        walk.need(LOCK)
    elif args.plain:
        walk.write(args.plain[0])


def _named_files(statement: str) -> list[str]:
    """`VACUUM INTO 'x.db'`, `ATTACH 'y.db'`, `writefile('z.txt', …)`"""
    pieces = statement.split("'")
    return [
        name for before, name in zip(pieces[::2], pieces[1::2]) if before.lower().endswith(_NAMES)
    ]


def _own_command(walk: Walk, line: str) -> None:
    """What the clients do themselves: `\\! make deploy`, `.backup FILE`, `\\o FILE`."""
    if line[:2] == "\\!":
        line = f"\\! {line[2:]}"
    name, _, rest = line.partition(" ")
    if name in _SHELLS:
        walk.line_apart(rest)
    elif name in _OUTPUTS and rest.strip():
        walk.write(Value(rest.split()[-1].strip("'\"")))


def _changes(text: str) -> bool:
    """Whether a statement may change something; what stands in quotes is no statement."""
    plain = "".join(text.replace('"', "'").split("'")[::2]).lower()
    words = "".join(letter if letter.isalnum() or letter == "_" else " " for letter in plain)
    if not _CHANGES.isdisjoint(words.split()):
        return True
    firsts = [statement.split()[0] for statement in plain.split(";") if statement.split()]
    return any(
        first not in _LOOKS and first[:1] not in "\\.(-/" and "." not in first for first in firsts
    )
