"""The `coord` command, for people and agents: every call of the service, the offline queue, and
help with examples.

A subcommand's module is imported when that subcommand is called; group.py has the list of them.
Whoever adds one adds a line there, and a section to docs/cli.md.
"""

from __future__ import annotations

import sys


def main() -> None:
    from coord.client.cli.group import cli

    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if (
            reconfigure is not None
            # what others wrote may have characters that this terminal lacks; pipes are UTF-8 with
            # plain newlines, also on Windows: $(coord -q lock x) keeps a carriage return
        ):
            piped = {} if stream.isatty() else {"encoding": "utf-8", "newline": "\n"}
            reconfigure(errors="replace", **piped)
    cli.main(prog_name="coord")
