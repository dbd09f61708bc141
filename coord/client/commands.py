"""Which shell commands need a lock, and which: what `git push` or a deployment would do to other
sessions at the same time.

The commands of a line are told apart by the shell's own rules, so `echo "git push"` is no push.
What a project adds in `.coord.toml`:

    [[hook.commands]]
    pattern = "terraform (apply|destroy)"
    resource = "terraform"
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

DEFAULTS: tuple[tuple[str, str, str], ...] = (
    (
        "git",
        r"git( -\S+( [^-]\S*)?)*? (commit|merge|rebase|cherry-pick|revert|am|pull)(?![\w-])",
        "git commit",
    ),
    ("git", r"git( -\S+( [^-]\S*)?)*? push(?![\w-])", "git push"),
    ("terraform tofu", r"(terraform|tofu) (apply|destroy|import)\b", "deploy"),
    (
        "kubectl helm",
        (
            r"(kubectl|helm)"
            r" (apply|create|delete|replace|patch|scale|rollout|install|upgrade|uninstall|rollback)\b"  # noqa: E501 (as it is shown)
        ),
        "deploy",
    ),
    ("ansible-playbook", r"ansible-playbook\b", "deploy"),
    (
        "deploy",
        (
            r"(npm|pnpm|yarn|bun|make|just|task|rake|fly|flyctl|vercel|netlify|cdk|serverless|sls|cap)("
            r" run)? \S*deploy\S*"
        ),
        "deploy",
    ),
    ("deploy", r"(\S*/)?deploy(\.\w+)?( |$)", "deploy"),
    ("manage.py", r"(python\S* )?(\S*/)?manage\.py migrate\b", "migrate"),
    (
        "flask alembic flyway liquibase",
        (
            r"(flask|alembic|flyway|liquibase)( db| -\S+( [^-]\S*)?)*"
            r" (upgrade|downgrade|migrate|update)\b"
        ),
        "migrate",
    ),
    (
        "dbmate sqlx diesel goose",
        r"(dbmate|sqlx|diesel|goose)( migrat\w+| -\S+( [^-]\S*)?)* (up|down|run|redo|migrate)\b",
        "migrate",
    ),
    ("db:", r"(bin/)?(rails|rake) db:(migrate|rollback|schema:load|reset|setup)\b", "migrate"),
    (
        "migrat prisma",
        (
            r"(npx )?(prisma (migrate|db push)|knex migrate|sequelize db:migrate|typeorm"
            r" migration:(run|revert))"
        ),
        "migrate",
    ),
    ("migrat", r"(npm|pnpm|yarn|bun|make|just|task)( run)? \S*migrat\S*", "migrate"),
)
"""What a line has one of where a pattern is worth trying (each costs a millisecond to compile), the
pattern, matched at the begin of a command, and the resource that such a command needs. The first
that matches counts."""

_OPERATORS = frozenset(
    (
        ";",
        "&",
        "&&",
        "|",
        "||",
        "|&",
        ";;",
        "(",
        ")",
        "{",
        "}",
        "\n",
        "!",
        "then",
        "do",
        "else",
        "elif",
        "if",
        "while",
        "until",
    )
)
_WRAPPERS = frozenset(
    (
        "sudo",
        "env",
        "nohup",
        "time",
        "nice",
        "exec",
        "command",
        "timeout",
        "stdbuf",
        "xargs",
        "builtin",
    )
)
_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh"))
_REMOTE = {"ssh", "scp", "rsync", "sftp", "mosh"}
_WITH_VALUE = frozenset(f"-{letter}" for letter in "bcDEeFIiJLlmOopQRSWwP")  # of ssh and scp


MAX_PATTERNS = 100  # of a project
PATTERNS_S = 0.5  # for all of them: a repository's pattern may need longer than the universe has


class BadPattern(ValueError):
    """An entry of `[[hook.commands]]` that cannot be used."""


def patterns(config: dict[str, object], line: str) -> list[tuple[re.Pattern[str], str]]:
    """Those that the line may match: the project's before the built-in ones; `default_commands =
    false` leaves those out. Raises BadPattern.
    """
    hints = [
        (pattern, resource)
        for hint, pattern, resource in DEFAULTS
        if any(each in line for each in hint.split())
    ]
    hook = config.get("hook")
    hook = hook if isinstance(hook, dict) else {}
    listed = hook.get("commands", [])
    if not listed and not hints:
        return []
    import re

    listed = listed if isinstance(listed, list) else []
    if len(listed) > MAX_PATTERNS:
        raise BadPattern(f"[[hook.commands]] in .coord.toml has more than {MAX_PATTERNS} entries.")
    compiled = []
    for entry in listed:
        pattern, resource = (
            (entry.get("pattern"), entry.get("resource"))
            if isinstance(entry, dict)
            else (None, None)
        )
        if (
            not isinstance(pattern, str)
            or not isinstance(resource, str)
            or not pattern
            or not resource
        ):
            raise BadPattern(
                "[[hook.commands]] in .coord.toml needs a pattern and a resource, both texts."
            )
        try:
            compiled.append((re.compile(pattern), resource))
        except (re.error, OverflowError, RecursionError) as error:
            raise BadPattern(
                f"[[hook.commands]] in .coord.toml: the pattern {pattern!r} is not a regular"
                f" expression: {error}."
            ) from None
    if hook.get("default_commands", True):
        compiled += [(re.compile(pattern), resource) for pattern, resource in hints]
    return compiled


def resources(line: str, config: dict[str, object]) -> list[str]:
    """What a shell command needs locks on, sorted, each once.

    A pattern's groups may be named in its resource: `ssh \\1`. Raises BadPattern.
    """
    from coord.client.bounded import run_within

    try:
        return run_within(PATTERNS_S, lambda: _resources(line, config))
    except TimeoutError:
        raise BadPattern(
            f"[[hook.commands]] in .coord.toml: a pattern took longer than {PATTERNS_S:g} s. Make"
            " it plainer."
        ) from None


def _resources(line: str, config: dict[str, object]) -> list[str]:
    known = patterns(config, line)
    if not known and not any(program in line for program in _REMOTE):
        return []
    needed = {_needed(words, known) for words in commands(line)}
    return sorted(resource for resource in needed if resource)


def _needed(words: list[str], known: list[tuple[re.Pattern[str], str]]) -> str | None:
    text = " ".join(words)
    for pattern, resource in known:
        match = pattern.match(text)
        if match:
            return match.expand(resource) if "\\" in resource else resource
    program = words[0].replace("\\", "/").rpartition("/")[2]
    return _remote(program, words[1:]) if program in _REMOTE else None


def _remote(program: str, words: list[str]) -> str | None:
    """`ssh web-1` for whatever goes to that host, as whichever user."""
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE:
            next(rest, None)
        elif not word.startswith("-"):
            host, colon, _ = word.rpartition("@")[2].partition(":")
            if program in ("ssh", "mosh", "sftp") or (colon and "/" not in host):
                return f"ssh {host}"
    return None


def commands(line: str) -> Iterator[list[str]]:
    """The simple commands of a line of shell, each as its words, without what only wraps it:
    `sudo`, `env A=b`, `cd x &&`, `sh -c`.
    """
    for words in _split(line):
        bare = _unwrapped(words)
        if not bare:
            continue
        if bare[0].rpartition("/")[2] in _SHELLS and "-c" in bare[:-1]:
            yield from commands(bare[bare.index("-c") + 1])
        else:
            yield bare


def _split(line: str) -> Iterator[list[str]]:
    words: list[str] = []
    for word in _words(line):
        if word in _OPERATORS or not word.strip(";&|()\n"):
            if words:
                yield words
            words = []
        else:
            words.append(word)
    if words:
        yield words


def _words(line: str) -> list[str]:
    import shlex

    lexer = shlex.shlex(line.replace("\\\n", " "), posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        # A here-document or a quote that shlex does not follow: rather a word too many than a
        # push unseen.
        import re

        return re.findall(r"[;&|()\n]+|[^\s;&|()]+", line)


def _unwrapped(words: list[str]) -> list[str]:
    at = 0
    while at < len(words):
        word = words[at]
        if word in _WRAPPERS:
            at += 1
            while at < len(words) and (
                words[at].startswith("-") or words[at].replace(".", "").rstrip("smh").isdigit()
            ):
                at += 1
        elif _is_assignment(word) or word in _OPERATORS:
            at += 1
        else:
            break
    return words[at:]


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()
