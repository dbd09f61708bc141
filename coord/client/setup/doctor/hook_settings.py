"""Claude Code's hooks: whether its settings have coord's, and whether they fire."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from coord.client.paths import real_path
from coord.client.setup import claude_settings, hooks
from coord.client.setup.doctor import hook_trial
from coord.client.setup.doctor.check import (
    OK,
    PROBLEM,
    WARNING,
    Check,
    DoctorContext,
    read_json,
    short_path,
)
from coord.client.setup.repository_setup import LOCAL, SHARED
from coord.client.workspace import FOLDER

MANAGED = {
    "darwin": "/Library/Application Support/ClaudeCode",
    "win32": "C:\\Program Files\\ClaudeCode",
}

Settings = dict[str, Any]
Groups = dict[str, list[dict[str, Any]]]


def check(context: DoctorContext) -> Iterator[Check]:
    settings: dict[str, Settings] = {}
    for path in settings_files(context.workspace.root):
        try:
            settings[path] = read_json(path)
        except ValueError as error:
            message = f"{path} is not JSON: {error}"
            yield Check("hooks", PROBLEM, message, "Fix it: Claude Code ignores the whole file.")
    yield from _disabled(settings)
    plugin = next((path for path, content in settings.items() if _has_plugin(content)), None)
    ours = {path: claude_settings.find_hooks(content) for path, content in settings.items()}
    ours = {path: groups for path, groups in ours.items() if groups}
    if not ours and plugin is None:
        message = "Claude Code has no hooks of coord's here, so nothing is claimed"
        yield Check("hooks", PROBLEM, message, "coord init")
        return
    context.has_plugin = plugin is not None
    yield from _installed(context, ours, plugin)
    if not context.is_usable:
        yield Check("hooks fire", WARNING, "not tried, since the server cannot be used")
        return
    for command, file in (_commands(ours) or {hooks.PLUGIN_COMMAND: None}).items():
        if command == hooks.COMMAND or _may_run(context, file):
            yield hook_trial.try_command(context, command)
        else:
            message = f"not tried, since {short_path(file or '')} has another command than coord's"
            fix = "Look at it; then try it: coord doctor --run-hooks. Or have coord's: coord init"
            yield Check("hooks fire", WARNING, message, fix)


def settings_files(root: str) -> list[str]:
    """Every settings file that a session of Claude Code started in `root` reads."""
    home = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), FOLDER)
    managed = MANAGED.get(sys.platform, "/etc/claude-code")
    return [
        os.path.join(managed, "managed-settings.json"),
        os.path.join(home, SHARED),
        os.path.join(root, FOLDER, SHARED),
        os.path.join(root, FOLDER, LOCAL),
    ]


def _disabled(settings: dict[str, Settings]) -> Iterator[Check]:
    for path, content in settings.items():
        shown = short_path(path)
        if content.get("disableAllHooks") is True:
            message = f"{shown} has disableAllHooks: Claude Code runs none"
            yield Check("hooks", PROBLEM, message, f"Remove it from {shown}.")
        is_managed = os.path.basename(path).startswith("managed")
        if is_managed and content.get("allowManagedHooksOnly") is True:
            message = f"{path} allows no hooks but its own (allowManagedHooksOnly)"
            yield Check("hooks", PROBLEM, message, "Ask who manages this machine.")


def _has_plugin(settings: Settings) -> bool:
    enabled = settings.get("enabledPlugins")
    return isinstance(enabled, dict) and any(
        name.partition("@")[0] == "coord" and value for name, value in enabled.items()
    )


def _installed(
    context: DoctorContext, ours: dict[str, Groups], plugin: str | None
) -> Iterator[Check]:
    if plugin is not None:
        rests = ", and does nothing where the settings have coord's hooks, as here" if ours else ""
        yield Check("hooks", OK, f"as the plugin that {short_path(plugin)} enables{rests}")
    if ours:
        yield _compared(ours)
    root, here = context.workspace.root, real_path(context.started_in)
    only_here = all(path.startswith(os.path.join(root, FOLDER) + os.sep) for path in ours)
    if here != root and only_here and plugin is None:
        message = (
            f"a session of Claude Code that is started in {here} has no hooks: "
            f"it reads {FOLDER}/{SHARED} of the folder that it is started in"
        )
        fix = f"Start it in {root}, or install coord as a plugin: coord init --plugin DIR"
        yield Check("hooks", WARNING, message, fix)


def _compared(ours: dict[str, Groups]) -> Check:
    """The hooks of all settings files together, against those of this version."""
    names = ", ".join(map(short_path, ours))
    missing, outdated = [], []
    for event in hooks.EVENTS:
        groups = [group for by_event in ours.values() for group in by_event.get(event.name, [])]
        if not groups:
            missing.append(event.name)
        elif hooks.group(event) not in groups:
            outdated.append(event.name)
    if missing:
        message = f"in {names}, but these are missing: {', '.join(missing)}"
        return Check("hooks", PROBLEM, message, "coord init")
    if outdated:
        message = f"in {names}, but these are of another version: {', '.join(outdated)}"
        return Check("hooks", WARNING, message, "coord init")
    return Check("hooks", OK, f"all {len(hooks.EVENTS)} in {names}")


def _may_run(context: DoctorContext, path: str | None) -> bool:
    """What a repository's settings say besides coord's own command could be anything."""
    folder = os.path.join(context.workspace.root, FOLDER)
    return context.runs_hooks or path is None or os.path.dirname(path) != folder


def _commands(ours: dict[str, Groups]) -> dict[str, str | None]:
    """The commands that run before an edit, each once, and the file that has it; of several the
    one that is most the user's own."""
    files: dict[str, str | None] = {}
    for path, by_event in ours.items():
        for group in by_event.get("PreToolUse", []):
            for hook in filter(hooks.is_ours, group["hooks"]):
                files.setdefault(str(hook["command"]), path)
    return files
