"""`coord item …`."""

from __future__ import annotations

import click

from coord.client.banner import plain
from coord.client.cli import completion, ids, session_state
from coord.client.cli.context import Body, Coord, Write, pass_coord, without_none
from coord.client.cli.failures import NOTHING, CoordAway, Failed
from coord.client.cli.objects import WorkItem
from coord.client.cli.options import Group, all_projects_option, limit_option, note_more, text_of
from coord.client.cli.output import ago, coloured, when
from coord.client.cli.work_output import items_table, result_line
from coord.client.cli.workflows import workflow_id
from coord.client.others_text import one_line
from coord.client.queue import new_id
from coord.client.suggestions import quote

STATUSES = ("pending", "in_progress", "blocked", "completed", "cancelled")


@click.group(
    "item",
    cls=Group,
    examples="""
coord item add "Change the callers" --workflow "New order model" --priority 5
coord item claim                          the next ready one is yours alone
coord item done ID
coord item block ID -m "waits for the schema"
""",
)
def item() -> None:
    """Work items: claim the next one instead of picking one, so that no two do the same."""


@item.command(
    "add",
    examples='ITEM=$(coord -q item add "Change the callers" -w "New order model" --after ID)',
)
@click.argument("title")
@click.option(
    "-w",
    "--workflow",
    metavar="WORKFLOW",
    shell_complete=completion.workflows,
    required=True,
    help="Its id or name.",
)
@click.option("-d", "--description", metavar="TEXT", help="-: from standard input.")
@click.option("--priority", type=int, metavar="N", help="Higher goes first. Default: 0.")
@click.option(
    "--after",
    "depends_on",
    metavar="ID",
    multiple=True,
    help="An item that must be completed first. May be repeated.",
)
@click.option("--for", "assigned_to", metavar="SESSION", help="Only this session can claim it.")
@pass_coord
def add(
    coord: Coord,
    title: str,
    workflow: str,
    description: str | None,
    priority: int | None,
    depends_on: tuple[str, ...],
    assigned_to: str | None,
) -> None:
    """Add a work item to a workflow."""
    body = without_none(
        id=new_id(),
        workflow_id=workflow_id(coord, workflow),
        title=title,
        description=text_of(description),
        priority=priority,
        depends_on=[ids.resolve(coord, ids.ITEM, item_id) for item_id in depends_on] or None,
        assigned_to=assigned_to,
        created_by=coord.session,
    )

    def describe(added: WorkItem) -> str:
        return result_line(coord, added["id"], f"added item {one_line(added['title'])}")

    coord.write_each([Write("POST", "/work-items", body)], describe)


@item.command(
    "list", examples="coord item list --ready\ncoord item list --mine --status in_progress"
)
@click.option(
    "-w",
    "--workflow",
    metavar="WORKFLOW",
    shell_complete=completion.workflows,
    help="Its id or name.",
)
@click.option(
    "--status", type=click.Choice(STATUSES), multiple=True, help="May be repeated: any of them."
)
@click.option("--ready", is_flag=True, help="Only what can be claimed now.")
@click.option("--mine", is_flag=True, help="Only what is assigned to you.")
@click.option(
    "--for", "assigned_to", metavar="SESSION", help="Only what is assigned to that session."
)
@all_projects_option
@limit_option(100)
@pass_coord
def list_(
    coord: Coord,
    workflow: str | None,
    status: tuple[str, ...],
    ready: bool,
    mine: bool,
    assigned_to: str | None,
    all_projects: bool,
    limit: int,
) -> None:
    """Show work items, highest priority first, then oldest.

    An item is ready when it is pending and everything that it depends on is completed.
    """
    filters: Body = {
        "workflow_id": workflow_id(coord, workflow) if workflow else None,
        "project_key": None if all_projects or workflow else coord.project,
        "status": list(status),
        "ready": ready or None,
        "assigned_to": coord.session if mine else assigned_to,
    }
    page = coord.read_all("/work-items", limit, **filters)
    coord.result(page)
    if not page["items"]:
        coord.note(f"No such item in {'any project' if all_projects else coord.project}.")
    elif coord.quiet:
        coord.out(*(work_item["id"] for work_item in page["items"]))
    else:
        coord.out(*items_table(page["items"]))
    note_more(coord, page)


@item.command(
    "claim",
    examples="""
coord item claim
ID=$(coord -q item claim -w "New order model") || echo "nothing to do"
""",
)
@click.option(
    "-w",
    "--workflow",
    metavar="WORKFLOW",
    shell_complete=completion.workflows,
    help="Only from this one: its id or name.",
)
@all_projects_option
@pass_coord
def claim(coord: Coord, workflow: str | None, all_projects: bool) -> None:
    """Take the next ready item: in progress, and yours alone.

    Exit code 4: nothing is ready. 5: coord is away, and you have no item.
    """
    scope = without_none(
        project_key=None if all_projects or workflow else coord.project,
        workflow_id=workflow_id(coord, workflow) if workflow else None,
    )
    claimed = _claim_next(coord, scope)
    if claimed is None:
        sentence = "Nothing is ready for you. `coord item list` shows what there is."
        raise Failed(sentence, NOTHING, "nothing_ready")
    coord.result(claimed)
    if coord.quiet:
        coord.out(claimed["id"])
        return
    coord.out(f"claimed item {one_line(claimed['title'])}  id {claimed['id']}")
    if claimed["description"]:
        coord.out(plain(claimed["description"]))


def _claim_next(coord: Coord, scope: Body) -> WorkItem | None:
    """The next ready item. A claim whose answer never came is repeated first: it may have been
    given an item."""
    scope_key = str(sorted(scope.items()))
    unanswered = session_state.unanswered_claim(coord, scope_key)
    if unanswered is not None:
        repeated = _claim(coord, scope, unanswered)
        session_state.remember_claim(coord, scope_key, None)
        if repeated is not None and _is_in_progress(coord, repeated):
            return repeated
    return _claim(coord, scope, new_id())


def _claim(coord: Coord, scope: Body, claim_id: str) -> WorkItem | None:
    body = {"session_id": coord.session, "claim_id": claim_id, **scope}
    try:
        coord.catch_up()
        answer = coord.ask("POST", "/work-items/claim", body)
    except CoordAway:
        session_state.remember_claim(coord, str(sorted(scope.items())), claim_id)
        raise
    claimed: WorkItem | None = None if answer.status == 204 else answer.json
    return claimed


def _is_in_progress(coord: Coord, claimed: WorkItem) -> bool:
    return claimed["status"] == "in_progress" and claimed["assigned_to"] == coord.session


@item.command("show", examples="coord item show ID")
@click.argument("item_id", metavar="ID", shell_complete=completion.items)
@pass_coord
def show(coord: Coord, item_id: str) -> None:
    """Show one item."""
    shown: WorkItem = ids.read(coord, ids.ITEM, item_id)
    coord.result(shown)
    if coord.quiet:
        coord.out(shown["id"])
        return
    ready = " and ready" if shown["ready"] else ""
    assigned = f", assigned to {plain(shown['assigned_to'])}" if shown["assigned_to"] else ""
    claimed = f" (claimed {ago(shown['claimed_at'])})" if shown["claimed_at"] else ""
    coord.out(
        f"{one_line(shown['title'])}  {coloured(shown['status'])}{ready}{assigned}{claimed}",
        f"  id {shown['id']}, workflow {shown['workflow_id']}, priority {shown['priority']},"
        f" created {when(shown['created_at'])}",
    )
    if shown["depends_on"]:
        coord.out(f"  after {', '.join(shown['depends_on'])}")
    if shown.get("blocked_by"):
        coord.out(
            f"  stuck: {', '.join(shown['blocked_by'])} was cancelled. Say what it waits for now:"
            f" coord item set {quote(shown['id'])} --after ID, or --after-nothing"
        )
    if shown["description"]:
        coord.out(plain(shown["description"]))


_ids = click.argument(
    "item_ids", metavar="ID...", nargs=-1, required=True, shell_complete=completion.items
)
_force = click.option(
    "--force", is_flag=True, help="Though another session has it in progress, which is told."
)


@item.command("done", examples="coord item done ID")
@_ids
@_force
@pass_coord
def done(coord: Coord, item_ids: tuple[str, ...], force: bool) -> None:
    """Mark items as completed."""
    _change(coord, item_ids, {"status": "completed"}, force=force)


@item.command("block", examples='coord item block ID -m "waits for the schema"')
@_ids
@click.option("-m", "--why", metavar="TEXT", help="Becomes the item's description.")
@_force
@pass_coord
def block(coord: Coord, item_ids: tuple[str, ...], why: str | None, force: bool) -> None:
    """Mark items as blocked, and say why."""
    _change(coord, item_ids, without_none(status="blocked", description=why), force=force)


@item.command("start", examples="coord item start ID")
@_ids
@_force
@pass_coord
def start(coord: Coord, item_ids: tuple[str, ...], force: bool) -> None:
    """Start particular items: in progress, and yours if nobody's. To get the next one, use
    claim."""
    _change(coord, item_ids, {"status": "in_progress"}, force=force)


@item.command("return", examples="coord item return ID")
@_ids
@_force
@pass_coord
def return_(coord: Coord, item_ids: tuple[str, ...], force: bool) -> None:
    """Give back items that you will not finish. They are pending again, for anybody."""
    _change(coord, item_ids, {"status": "pending"}, force=force)


@item.command(
    "set", examples="coord item set ID --priority 10\ncoord item set ID --status cancelled"
)
@_ids
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--title", metavar="TEXT")
@click.option("-d", "--description", metavar="TEXT", help="-: from standard input.")
@click.option("--priority", type=int, metavar="N", help="Higher goes first.")
@click.option(
    "--after",
    "depends_on",
    metavar="ID",
    multiple=True,
    help="What must be completed first; replaces what it depended on.",
)
@click.option("--after-nothing", is_flag=True, help="It no longer depends on anything.")
@click.option("--for", "assigned_to", metavar="SESSION", help="Only this session can claim it.")
@click.option("--for-anybody", is_flag=True, help="Anybody can claim it.")
@_force
@pass_coord
def set_(
    coord: Coord,
    item_ids: tuple[str, ...],
    status: str | None,
    title: str | None,
    description: str | None,
    priority: int | None,
    depends_on: tuple[str, ...],
    after_nothing: bool,
    assigned_to: str | None,
    for_anybody: bool,
    force: bool,
) -> None:
    """Change items."""
    after = [ids.resolve(coord, ids.ITEM, dependency) for dependency in depends_on]
    changes = without_none(
        status=status,
        title=title,
        description=text_of(description),
        priority=priority,
        depends_on=[] if after_nothing else after or None,
        assigned_to=assigned_to,
    )
    if for_anybody:
        changes["assigned_to"] = None
    if not changes:
        raise click.UsageError("Say what to change, like --status or --priority.")
    _change(coord, item_ids, changes, force=force)


def _change(coord: Coord, item_ids: tuple[str, ...], changes: Body, *, force: bool) -> None:
    body = {"session_id": coord.session, **changes, **({"force": True} if force else {})}

    def describe(changed: WorkItem) -> str:
        sentence = f"item {one_line(changed['title'])} is {coloured(changed['status'])}"
        return result_line(coord, changed["id"], sentence)

    resolved = [ids.resolve(coord, ids.ITEM, item_id) for item_id in item_ids]
    writes = [Write("PATCH", f"/work-items/{item_id}", body) for item_id in resolved]
    coord.write_each(writes, describe)
