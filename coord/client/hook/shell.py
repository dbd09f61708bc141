"""Before a shell command: what it needs is claimed while it runs, what it changes as an edit is."""

from __future__ import annotations

from coord.client.hook.claims import claim, deny, is_parents, release
from coord.client.hook.context import MAX_SENTENCE
from coord.client.others_text import one_line
from coord.client.shell.rules import BadPattern, Rules
from coord.client.shell.walk import effects_of
from coord.client.suggestions import command, in_powershell, quote, quote_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.hook.context import HookContext
    from coord.client.hook.tool_call import ToolCall
    from coord.client.shell.effects import Effects

WAIT_S = 8.0  # a commit or a push of somebody else takes seconds: wait for it rather than refuse
TTL_HOURS = 0.5
_SPECIAL = frozenset("\n;&|<>()$`\"'\\*?[]{}~#!=")


def claim_for_command(hook: HookContext, call: ToolCall) -> None:
    """Claims all that the command needs, or nothing."""
    line = call.command or ""
    folder = hook.event.text("cwd") or hook.workspace.root
    try:
        effects = effects_of(line, folder, Rules(hook.workspace.config), call.shell)
    except BadPattern as error:
        hook.context.append(one_line(f"coord: {error}", MAX_SENTENCE))
        return
    if not effects:
        return
    claimed: list[str] = []
    if not _claim_all(hook, call, effects, claimed):
        release(hook, claimed)
        return
    if claimed and call.in_background:
        names = sorted({lock for _, lock in effects.locks})
        if names:
            listed = " and ".join(f"`{one_line(name)}`" for name in names)
            hook.context.append(
                f"coord holds {listed} for this command. Release it when the command is done:"
                f" {command('unlock', *names)}"
            )
    elif claimed:
        hook.memory.note_command_locks(hook.event.text("tool_use_id"), claimed)


def _claim_all(hook: HookContext, call: ToolCall, effects: Effects, claimed: list[str]) -> bool:
    """Whether the command may run; adds the ids of what is held for it."""
    from coord.client.resource_names import project_of

    line = call.command or ""
    wanted = sorted({(project_of(folder, hook.workspace), lock) for folder, lock in effects.locks})
    for project, resource in wanted:
        if not _claim(hook, project, resource, wanted, (line, call.shell), claimed):
            return False
    if effects.trees:
        from coord.client.hook.trees import claim_tree

        for path, names in effects.trees:
            if not claim_tree(hook, path, names, one_line(line), claimed):
                return False
    if effects.files or effects.links:
        from coord.client.hook.edits import claim_files

        return claim_files(hook, list(effects.files), list(effects.links))
    return True


def _claim(
    hook: HookContext,
    project: str,
    resource: str,
    wanted: list[tuple[str, str]],
    ran: tuple[str, str],
    claimed: list[str],
) -> bool:
    """`ran`: the line, and the shell that it is for."""
    from coord.client.queue import new_id

    fields = {
        "project_key": project,
        "resource": resource,
        "ttl_hours": TTL_HOURS,
        "id": new_id(),
    }
    result = claim(hook, fields, WAIT_S)
    if hook.denial:
        return False
    others = [lock for lock in result.held if not is_parents(hook, lock)]
    if others:  # what its session holds a subagent works under
        deny(hook, others[0], "run this", "", _way_out(hook, wanted, *ran))
        return False
    running = hook.memory.command_locks()
    claimed += [lock.id for lock in result.granted if lock.is_new or lock.id in running]
    return True


def _way_out(hook: HookContext, wanted: list[tuple[str, str]], line: str, shell: str) -> str:
    """The command that waits for the locks, runs the line and gives them back."""
    projects = {project for project, _ in wanted}
    options = {"wait": 60}
    names = " ".join(quote(resource) for _, resource in wanted)
    shown = _one_command(line.strip(), shell)
    if projects == {hook.workspace.project}:
        return f"{command('run', **options)} {names} -- {shown}"
    project = quote(min(projects))
    return f"{command('run', **options)} --project={project} {names} -- {shown}"


def _one_command(line: str, shell: str) -> str:
    """A line that another program can run."""
    if not _SPECIAL.intersection(line):
        return line
    if shell != "powershell":
        return f"sh -c {quote_own(line)}"
    from coord.client import programs

    # as Claude Code chooses: 7 has `&&`
    program = "pwsh" if programs.find("pwsh") else "powershell"
    if '"' not in line and "\n" not in line:
        return f"{program} -Command {in_powershell(line)}"
    from binascii import b2a_base64  # its versions differ in how they hand on quotes

    encoded = b2a_base64(line.encode("utf-16-le", "replace"), newline=False).decode()
    return f"{program} -EncodedCommand {encoded}"
