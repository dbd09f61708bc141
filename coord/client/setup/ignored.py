"""What git must ignore: the queue, and what else the client keeps beside it."""

from __future__ import annotations

import os

from coord.client.setup import blocks, git
from coord.client.setup.instructions import LOCAL
from coord.client.setup.plan import Plan
from coord.client.workspace import CONFIG, FOLDER, Repository

QUEUE_FILES = f"{FOLDER}/coord-*"


def add(plan: Plan, repository: Repository) -> None:
    """Plans the line in .gitignore, unless the team ignores these files already. Raises
    CannotChange."""
    path = os.path.join(repository.top, ".gitignore")
    if blocks.has(plan, path, blocks.HASH) or not git.ignored_by_the_team(
        repository.top, f"{FOLDER}/coord-queue.jsonl"
    ):
        blocks.put(plan, path, blocks.HASH, QUEUE_FILES)


def add_local(plan: Plan, repository: Repository, *, config: bool) -> None:
    """Plans the lines in .git/info/exclude, which nobody else has. `config`: also .coord.toml.
    Raises CannotChange."""
    names = [QUEUE_FILES, f"{FOLDER}/settings.local.json", LOCAL, *([CONFIG] if config else [])]
    blocks.put(plan, _exclude(repository), blocks.HASH, "\n".join(names))


def config_is_own(plan: Plan, repository: Repository) -> bool:
    """Whether .coord.toml was made by `init --local`. Raises CannotChange."""
    return CONFIG in (plan.text(_exclude(repository)) or "").splitlines()


def remove(plan: Plan, repository: Repository) -> None:
    """Raises CannotChange."""
    blocks.take(plan, os.path.join(repository.top, ".gitignore"), blocks.HASH)


def remove_local(plan: Plan, repository: Repository) -> None:
    """Raises CannotChange."""
    blocks.take(plan, _exclude(repository), blocks.HASH)


def _exclude(repository: Repository) -> str:
    return os.path.join(repository.common, "info", "exclude")
