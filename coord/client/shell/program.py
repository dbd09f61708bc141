"""A row of the table of programs that do something to others, and the lock that each needs.

It has the program's names, and for each lock the commands that need it: `apply` is
`kubectl apply`, `rollout restart|undo` either of two, `*` any word, `deploy*` what begins so, and
an empty text whatever the program is given. `values` are the options in front of the command that
take a value: whoever does not know them takes the value for the command. `flags` are those that
take none; of any other option it is not known, so the word behind it may be either. `harmless`:
with one of these it only shows something. `folder`: the options that name the folder it works in.
`reads`: words with which it only looks; such a program needs its lock for all others, known or not.

docs/commands.md shows the table; `.coord.toml` adds to it.
"""

from __future__ import annotations

HARMLESS = frozenset(("--help", "-h", "-help", "-?", "--dry-run", "--dryrun", "--dry_run"))


class Program:
    """One row. Lists of words are separated by blanks, commands by commas."""

    __slots__ = ("flags", "folder", "harmless", "locks", "names", "reads", "values")

    def __init__(
        self,
        names: str,
        locks: dict[str, str],
        *,
        values: str = "",
        flags: str = "",
        harmless: str = "",
        folder: str = "",
        reads: str = "",
    ) -> None:
        self.names = names.split()
        self.locks = [
            (lock, tuple(command.split()))
            for lock, listed in locks.items()
            for command in listed.split(",")
        ]
        self.values = frozenset((values + " " + folder).split())
        self.flags = frozenset(flags.split())
        self.harmless = frozenset(harmless.split())
        self.folder = frozenset(folder.split())
        self.reads = tuple(reads.split())
