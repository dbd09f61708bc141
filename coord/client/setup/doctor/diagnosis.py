"""Runs the checks, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator

from coord.client.setup.doctor import extras, hook_settings, location, program, queue, server
from coord.client.setup.doctor.check import PROBLEM, Check, DoctorContext
from coord.client.workspace import BadConfig, enter

GROUPS = (
    ("workspace", location.check),
    ("server", server.check),
    ("hooks", hook_settings.check),
    ("queue", queue.check),
    ("other", extras.check),
)


def diagnose(
    folder: str | None = None,
    *,
    url: str | None = None,
    project: str | None = None,
    runs_hooks: bool = False,
) -> Iterator[Check]:
    """Every check, each as soon as it is made; what depends on a failed one is left out.

    `url` and `project` replace those of the workspace. Never raises: a check that fails is a
    problem.
    """
    try:
        workspace = enter(folder, url)  # before a program is looked for where variables say
    except BadConfig as error:
        yield from program.check()
        yield Check(
            "settings", PROBLEM, str(error), "Fix it: until then the hooks do nothing here."
        )
        return
    yield from program.check()
    workspace.project = project or workspace.project
    overrides = {"COORD_URL": url, "COORD_PROJECT": project}
    context = DoctorContext(
        workspace,
        folder or os.getcwd(),
        {name: value for name, value in overrides.items() if value},
        runs_hooks=runs_hooks,
    )
    for name, check in GROUPS:
        try:
            yield from check(context)
        except Exception as error:
            message = f"the check itself failed: {type(error).__name__}: {error}"
            yield Check(name, PROBLEM, message, "Please report this.")
