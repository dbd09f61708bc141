"""Before a command that may change anything in a checkout, as `git stash` does: whoever works in
that checkout is asked for first, and nobody edits there while it runs.

The lock is on the folder itself (`HOST:/srv/shop/`), so commands in other worktrees and on other
machines are not held up. Edits look for a note of it, which each user of this machine has of their
own; where others may write to a checkout, they ask coord, too.
"""

from __future__ import annotations

import os

from coord.client.hook import tree_notes
from coord.client.hook.claims import HeldLock, claim, deny, described
from coord.client.others_text import one_line
from coord.client.paths import is_below, real_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.hook.context import HookContext
    from coord.client.workspace import Workspace

WAIT_S = 8.0  # for another such command
TTL_HOURS = 0.5
MAX_SHOWN = 5  # locks in the way
PAGE = 500
MAX_PAGES = 4
MAX_LINE = 60  # characters of the command

DENIED = """coord: `{line}` may change anything in {path}, and other sessions hold files there:
{held}
So do not run it now. Instead: name only the files that you hold; or work in a worktree of your own (git worktree add); or wait until they are done (coord locks); or ask: {ask}"""  # noqa: E501 (as it is shown)


def claim_tree(
    hook: HookContext, path: str, names: tuple[str, ...], line: str, claimed: list[str]
) -> bool:
    """Whether the command may run; adds the id of the lock that is held for it.

    `names`: patterns of the names of files; without one any file is meant.
    """
    from coord.client.host_name import host
    from coord.client.resource_names import project_of, resource
    from coord.client.workspace import Workspace

    real = real_path(path)
    checkout = Workspace(real)
    if not _is_somebodys(real, checkout):
        return True
    project = project_of(real, hook.workspace)
    below = resource(real + os.sep, hook.workspace)[1]
    held = _held(hook, checkout, project, "" if below == "/" else below, names)
    if held:
        _deny(hook, held, line, real)
    if held is None or names or hook.denial:  # None: coord is away
        return not hook.denial
    fields = {
        "project_key": project,
        "resource": f"{host()}:{real.rstrip(os.sep)}{os.sep}".replace("\\", "/"),
        "ttl_hours": TTL_HOURS,
    }
    result = claim(hook, fields, WAIT_S)
    others = [lock for lock in result.held if not _is_own(hook, lock.session)]
    if others:
        deny(hook, others[0], "run this", "", "coord locks")
        return False
    claimed += result.new
    for lock_id in result.new:
        tree_notes.write(lock_id, real, hook.name)
    return not hook.denial


def _is_somebodys(real: str, checkout: Workspace) -> bool:
    """Whether a folder is in a checkout, and not made by tools or ignored."""
    from coord.client.hook.private import is_private
    from coord.client.ignored import is_nobodys
    from coord.client.workspace import other_checkout

    if checkout.repository is None:
        top = other_checkout(real)
        return top is not None and not is_private(real + os.sep, top)
    if is_private(real + os.sep, checkout.root):
        return False
    return real == checkout.root or not is_nobodys(real + os.sep, checkout.repository)


def _is_own(hook: HookContext, session: str) -> bool:
    """The session itself; for a subagent also the session that it works for."""
    return session == hook.name or (hook.event.agent is not None and session == hook.parent)


def _held(
    hook: HookContext, checkout: Workspace, project: str, below: str, names: tuple[str, ...]
) -> list[HeldLock] | None:
    """Other sessions' locks on files of this checkout below a folder; None when coord is away."""
    from coord.client.percent import query
    from coord.client.wire import Away

    calls, locks = hook.calls(), []
    cursor: object = None
    for _ in range(MAX_PAGES):
        try:
            answer = calls.read(f"/locks{query(project_key=project, limit=PAGE, cursor=cursor)}")
        except Away as away:
            hook.report_away(away, calls)
            return None
        if hook.is_shut_out(answer) or not answer.ok:
            return None
        locks += [HeldLock(row) for row in answer.rows()]
        cursor = answer.fields.get("next_cursor")
        if not cursor:
            break
    hook.note_reachable()
    return [
        lock
        for lock in locks
        if not lock.stale
        and not _is_own(hook, lock.session)
        and _is_file(lock.resource, checkout.root)
        and _is_below(lock.resource, below, names)
        and _is_here(hook, lock, checkout.root)
    ]


def _is_file(resource: str, top: str) -> bool:
    """Whether a lock is on files, and not on something like `git push` or `ssh web-1`."""
    if ":" in resource.partition("/")[0]:
        return False  # outside of any checkout
    if "/" in resource or os.path.lexists(os.path.join(top, resource)):
        return True
    return "." in resource and not any(letter.isspace() for letter in resource)


def _is_below(resource: str, below: str, names: tuple[str, ...]) -> bool:
    bare = resource.replace("\\", "/")
    bare = bare[:-2] if bare.endswith("/**") else bare
    if bare.strip("/") == "":
        return True
    is_tree = bare.endswith("/")
    overlaps = bare.startswith(below) or bare == below.rstrip("/")
    if not overlaps and not (is_tree and below.startswith(bare)):
        return False
    if not names or is_tree:
        return True
    from coord.client.ignored import match

    return any(match(name, step) for name in names for step in bare.split("/"))


def _is_here(hook: HookContext, lock: HeldLock, top: str) -> bool:
    """Whether its holder works in this checkout, as far as that is known."""
    from coord.client.checkouts import checkout_of
    from coord.client.host_name import host

    if lock.resource.strip("/*") == "":
        return True
    top_of_holder = checkout_of(hook.workspace, lock.project, lock.session, lock.resource)
    if top_of_holder is not None:
        return top_of_holder == top
    on_host, slash, _ = lock.session.partition("/")
    return not slash or on_host == host()


def _deny(hook: HookContext, held: list[HeldLock], line: str, path: str) -> None:
    from coord.client.suggestions import command

    lines = [f"  {described(lock)}" for lock in held[:MAX_SHOWN]]
    if len(held) > MAX_SHOWN:
        lines.append(f"  and {len(held) - MAX_SHOWN} more")
    if all(lock.session.startswith(f"{hook.parent}/") for lock in held):
        lines.append("  Those are subagents of yours: wait until they have finished.")
    first = held[0]
    ask = command("send", first.resource, "When are you done?", to=first.session)
    hook.denial = DENIED.format(
        line=one_line(line, MAX_LINE), path=one_line(path), held="\n".join(lines), ask=ask
    )


# --- for edits on this machine --------------------------------------------------------------------


def is_in_the_way(hook: HookContext, path: str) -> bool:
    """Whether a command of another session, which runs now, may change the file; then the edit is
    denied."""
    real = real_path(path)
    for lock_id, folder, session in tree_notes.all_notes():
        if not is_below(real, folder) or _is_own(hook, session):
            continue
        lock = _running(hook, lock_id)
        if lock is None:
            continue
        from coord.client.suggestions import command

        deny(hook, lock, "change files there", "", command("lock", path, wait=60))
        return True
    return _is_another_users(hook, path, real)


def _is_another_users(hook: HookContext, path: str, real: str) -> bool:
    """Whether such a command of another user of this machine may change the file."""
    from coord.client.host_name import host
    from coord.client.workspace import repository

    checkout = repository(os.path.dirname(real))
    if checkout is None or not _is_shared(checkout.top):
        return False
    from coord.client.percent import query
    from coord.client.resource_names import project_of
    from coord.client.suggestions import command
    from coord.client.wire import Away

    project = project_of(checkout.top, hook.workspace)
    try:
        answer = hook.calls().read(
            f"/locks{query(project_key=project, resource=f'{host()}:{real}', limit=PAGE)}"
        )
    except Away:
        return False  # the claim of the file says so
    rows = answer.rows() if answer.ok else []
    held = [lock for lock in map(HeldLock, rows) if not _is_own(hook, lock.session)]
    trees = [lock for lock in held if lock.resource.endswith("/")]
    if trees:
        deny(hook, trees[0], "change files there", "", command("lock", path, wait=60))
    return bool(trees)


def _is_shared(top: str) -> bool:
    """Whether other users may write to a folder: by its owner, or its group where that is not the
    user's own alone."""
    if not hasattr(os, "geteuid"):
        return False
    try:
        status = os.stat(top)
    except OSError:
        return False
    if status.st_uid != os.geteuid() or status.st_mode & 0o002:
        return True
    return bool(status.st_mode & 0o020) and not _is_private(status.st_gid)


def _is_private(group: int) -> bool:
    """Whether a group has one user, as Debian makes one for each."""
    import grp
    import pwd

    try:
        entry, user = grp.getgrgid(group), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
    return entry.gr_name == user and set(entry.gr_mem) <= {user}


def _running(hook: HookContext, lock_id: str) -> HeldLock | None:
    from coord.client.wire import Away

    try:
        answer = hook.calls().read(f"/locks/{lock_id}")
    except Away:
        return None
    if answer.ok and not answer.fields.get("released_at"):
        return HeldLock(answer.fields)
    tree_notes.forget(lock_id)
    return None
