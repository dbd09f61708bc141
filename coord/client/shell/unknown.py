"""A program that no table has. Where a known one stands in its arguments, as in `retry 3 git push`,
it may run that, and only its locks are needed. Where its name or an option says that it rewrites
files, as `yamlfmt` and `--fix` do, those that it is given are changed.
"""

from __future__ import annotations

import os

from coord.client.shell.names import program_name
from coord.client.shell.remote import REMOTE
from coord.client.shell.runners import INTERPRETERS, SHELLS
from coord.client.shell.tasks import TASK_RUNNERS
from coord.client.shell.variables import words_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command, Value

_EXECUTES = frozenset("-c --command --cmd -x --exec -e --execute --run".split())
"""Options that may have a line of shell."""
_RUN_LINES = ("concurrently", "mprocs")  # each word is one
_FORMATTERS = ("fmt", "format")
_REWRITES = frozenset("--fix --write --in-place --inplace --autofix --overwrite".split())
_VERBS = {"deploy": "deploy", "migrate": "migrate", "publish": "publish", "rollback": "deploy"}
_LOOKS = frozenset(
    "--check --diff --dry-run --dryrun --list --lint --test --verify -n -l -d -c -lint -dry"
    " --version --help -h".split()
)
MAX_WORDS = 20  # in which the other program begins
_RUN = SHELLS | frozenset(
    "git gh kubectl oc helm terraform tofu pulumi ansible-playbook docker podman docker-compose ssh"
    " aws gcloud az fly vercel netlify heroku make npm npx pnpm yarn bun uv poetry twine cargo gem"
    " alembic flask python manage.py rails rake bundle prisma flyway liquibase psql mysql sudo env"
    " systemctl timeout nohup".split()
)
"""What is run so. Words that are programs too, as `up`, are left out."""
_NAMES = frozenset(
    "echo printf rem which type whereis whatis man help info tldr cheat apropos history alias"
    " unalias hash complete compgen read set unset export test true false : cat head tail less more"
    " bat"
    " grep egrep fgrep rg ag ack ls tree stat file wc diff cmp jq yq cut tr uniq comm column fold"
    " basename dirname realpath readlink seq yes sleep wait kill pkill killall pgrep ps top htop"
    " logger notify-send say wall apt apt-get aptitude dpkg dnf yum rpm pacman apk zypper brew port"
    " snap flatpak choco winget scoop pip pipx conda mamba asdf mise nix-env emerge code cursor"
    " format-table format-list format-wide format-custom format-hex ft fl fw"
    " claude codex gemini copilot aider opencode mkdir touch chmod chown chgrp cd pushd pytest jest"
    " vitest mocha getent id whoami dig host ping nc telnet ufw useradd usermod groupadd".split()
)
"""What takes the names of programs, or any text, as its arguments."""


def follow_unknown(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether it was a program that runs another one."""
    from coord.client.shell.writing import writes

    if name in _NAMES or name in INTERPRETERS or not name[:1].isalpha():
        return False
    if name in REMOTE or walk.rules.programs(name) or walk.rules.runners(name) or writes(name):
        return False
    _rewrite(walk, name, words)
    if not walk.rules.has_defaults:
        return False
    before = walk.effects.count
    if name not in TASK_RUNNERS:
        _need_by_verb(walk, words)
    for at, word in enumerate(words[:MAX_WORDS]):
        if word.is_known and program_name(word) in _RUN and _follow(walk, words[at:], command):
            return True
        option, equals, text = word.text.partition("=")
        line = text if equals else words[at + 1].text if words[at + 1 :] else ""
        if name in _RUN_LINES:
            option, line = "-c", word.text
        if option in _EXECUTES and line.strip() and line.split()[0] in _RUN:
            _follow(walk, words_of(line.split()), command)
    return walk.effects.count > before


def _need_by_verb(walk: Walk, words: list[Value]) -> None:
    """`shipit deploy`: what no table knows, called so, is rather taken for it than passed."""
    verb = words[0].text.partition(":")[0] if words else ""
    lock = _VERBS.get(verb)
    is_file = os.path.lexists(os.path.join(walk.folder, verb))
    if lock is not None and not is_file and all(word.text not in _LOOKS for word in words):
        walk.need(lock)


def _rewrite(walk: Walk, name: str, words: list[Value]) -> None:
    options = {word.text.partition("=")[0] for word in words if word.text[:1] == "-"}
    is_formatter = name not in TASK_RUNNERS and any(part in name for part in _FORMATTERS)
    if not _LOOKS.isdisjoint(options) or not (is_formatter or not _REWRITES.isdisjoint(options)):
        return
    for word in words:
        path = walk.path(word) if word.text[:1] != "-" else None
        if word.is_pattern or (path is not None and os.path.lexists(path)):
            walk.write(word, whole_folders=True)


def _follow(walk: Walk, words: list[Value], command: Command) -> bool:
    kept, walk.effects = walk.effects, type(walk.effects)()
    walk.follow(words, command)
    kept, walk.effects = walk.effects, kept
    walk.effects.locks.update(kept.locks)
    return bool(kept.locks)
