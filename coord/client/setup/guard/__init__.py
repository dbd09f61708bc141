"""The git hooks that ask coord before a commit and a push: for people, and for tools that have no
hooks of their own.

`git_hooks` puts them into a repository, `check` is what they run, `commands` has both for people.
"""

REFUSAL_CODE = 9
"""The exit code of a guard that refuses. Any other (no such command, a broken Python) lets git go
on: coord never blocks work by failing."""

TRIAL = "COORD_GUARD_TRIAL"
"""The file that a guard makes in a trial, in which it always refuses."""
TRIAL_FOLDER, TRIAL_FILE = "coord-guard-", "asked"
"""How the folder's name begins, and what the file in it is called."""
