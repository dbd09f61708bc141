"""What runs on a workstation: the `coord` command, the hooks of Claude Code and the offline queue.

It imports nothing of the server, needs Python 3.9 and, save for the command line itself, nothing
but the standard library. A hook is started for every edit, so what it imports is counted in
milliseconds: no `typing`, `dataclasses`, `http.client`, `subprocess` or `pathlib` in the modules
that a hook uses (docs/design.md has the figures).
"""

API = 1
"""The wire contract that this client speaks.

Additions to the contract leave it as it is; see `GET /client`.
"""
