"""A program that no table has: where a known one stands in its arguments, as in `retry 3 git push`,
it may run that. Only its locks are needed then.
"""

from __future__ import annotations

from coord.client.shell.names import program_name
from coord.client.shell.remote import REMOTE
from coord.client.shell.runners import INTERPRETERS, SHELLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Walk
    from coord.client.shell.words import Command, Value

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
    " claude codex gemini copilot aider opencode mkdir touch chmod chown chgrp cd pushd pytest jest"
    " vitest mocha getent id whoami dig host ping nc telnet ufw useradd usermod groupadd".split()
)
"""What takes the names of programs, or any text, as its arguments."""


def follow_unknown(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether it was a program of that kind."""
    from coord.client.shell.writing import writes

    if (
        name in _NAMES
        or name in INTERPRETERS
        or not name[:1].isalpha()
        or not walk.rules.has_defaults
    ):
        return False
    if name in REMOTE or walk.rules.programs(name) or walk.rules.runners(name) or writes(name):
        return False
    for at, word in enumerate(words[:MAX_WORDS]):
        if word.is_known and program_name(word) in _RUN and _follow(walk, words[at:], command):
            return True
    return False


def _follow(walk: Walk, words: list[Value], command: Command) -> bool:
    kept, walk.effects = walk.effects, type(walk.effects)()
    walk.follow(words, command)
    kept, walk.effects = walk.effects, kept
    walk.effects.locks.update(kept.locks)
    return bool(kept.locks)
