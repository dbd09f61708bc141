"""`coord workflow …` and `coord item …`."""

from __future__ import annotations

from typing import Any

import click

from coord.client.banner import one_line, plain
from coord.client.cli import completion, memory
from coord.client.cli.common import Body, Coord, Group, everywhere, limited, more, nothing, pass_coord, text_of
from coord.client.cli.failures import NOTHING, CoordAway, Failed
from coord.client.cli.naming import is_id
from coord.client.cli.output import ago, table, when, word
from coord.client.queue import new_id
from coord.client.wire import quote

WORKFLOW_STATUSES = ("planning", "active", "blocked", "completed", "cancelled")
ITEM_STATUSES = ("pending", "in_progress", "blocked", "completed", "cancelled")


@click.group(
    "workflow",
    cls=Group,
    examples="""
coord workflow add "New order model" --status active
coord workflow list
coord workflow show "New order model"
coord workflow done "New order model"
""",
)
def workflow() -> None:
    """Workflows: work items that belong together. A WORKFLOW is named by its id or its exact name."""


@workflow.command("add", examples='coord workflow add "New order model" --description "see docs/orders.md"')
@click.argument("name")
@click.option("-d", "--description", metavar="TEXT", help="-: from standard input.")
@click.option("--status", type=click.Choice(WORKFLOW_STATUSES), help="Default: planning.")
@pass_coord
def add_workflow(coord: Coord, name: str, description: str | None, status: str | None) -> None:
    """Begin a workflow."""
    body = _given(
        id=new_id(), project_key=coord.project, name=name, description=text_of(description), status=status, created_by=coord.session
    )
    coord.write_each([("POST", "/workflows", body)], lambda told: _said(coord, told, f"created workflow {plain(told['name'])}"))


@workflow.command("list", examples="coord workflow list --status active --status blocked")
@click.option("--status", type=click.Choice(WORKFLOW_STATUSES), multiple=True, help="May be repeated: any of them.")
@everywhere
@limited(100)
@pass_coord
def list_workflows(coord: Coord, status: tuple[str, ...], everywhere: bool, limit: int) -> None:
    """Show workflows and how far they are."""
    listed = coord.read_all("/workflows", limit, project_key=None if everywhere else coord.project, status=list(status))
    coord.result(listed)
    if not listed["items"]:
        coord.note(f"No such workflow in {'any project' if everywhere else coord.project}.")
    elif coord.quiet:
        coord.out(*(each["id"] for each in listed["items"]))
    else:
        rows = [[each["id"], word(each["status"]), progress(each), one_line(each["name"])] for each in listed["items"]]
        coord.out(*table(["ID", "STATUS", "DONE", "NAME"], rows))
    more(coord, listed)


def progress(told: Body) -> str:
    """2/5, without what was cancelled."""
    counts = told["progress"]
    return f"{counts['completed']}/{counts['total'] - counts['cancelled']}"


@workflow.command("show", examples='coord workflow show "New order model"')
@click.argument("name", metavar="WORKFLOW", shell_complete=completion.workflows)
@pass_coord
def show_workflow(coord: Coord, name: str) -> None:
    """Show a workflow and its items."""
    told = coord.read(f"/workflows/{workflow_id(coord, name)}")
    coord.result(told)
    if coord.quiet:
        coord.out(*(each["id"] for each in told["work_items"]))
        return
    counts = ", ".join(f"{count} {status}" for status, count in told["progress"].items() if count and status != "total")
    coord.out(
        f"{plain(told['name'])}  {word(told['status'])}  {progress(told)} done{f' ({counts})' if counts else ''}",
        f"  id {told['id']}, created by {plain(told['created_by'])} {when(told['created_at'])}",
    )
    coord.out(*([plain(told["description"])] if told["description"] else []))
    coord.out(*(_items_table(told["work_items"]) if told["work_items"] else []))


@workflow.command("set", examples='coord workflow set "New order model" --status active')
@click.argument("name", metavar="WORKFLOW", shell_complete=completion.workflows)
@click.option("--status", type=click.Choice(WORKFLOW_STATUSES))
@click.option("--name", "new_name", metavar="TEXT", help="A new name.")
@click.option("-d", "--description", metavar="TEXT", help="-: from standard input.")
@pass_coord
def set_workflow(coord: Coord, name: str, status: str | None, new_name: str | None, description: str | None) -> None:
    """Change a workflow's status, name or description."""
    _change_workflow(coord, name, _given(status=status, name=new_name, description=text_of(description)))


@workflow.command("done", examples='coord workflow done "New order model"')
@click.argument("name", metavar="WORKFLOW", shell_complete=completion.workflows)
@pass_coord
def finish_workflow(coord: Coord, name: str) -> None:
    """Say that a workflow is completed."""
    _change_workflow(coord, name, {"status": "completed"})


def _change_workflow(coord: Coord, name: str, changes: Body) -> None:
    if not changes:
        raise click.UsageError("Say what to change: --status, --name or --description.")
    path = f"/workflows/{workflow_id(coord, name)}"
    coord.write_each(
        [("PATCH", path, {"session_id": coord.session, **changes})],
        lambda told: _said(coord, told, f"workflow {plain(told['name'])} is {word(told['status'])}"),
    )


def workflow_id(coord: Coord, name: str) -> str:
    """The id of the project's workflow of that name, the newest that is not over first. Raises Failed."""
    if is_id(name):
        return quote(name)
    found = [each for each in coord.read_all("/workflows", 0, project_key=coord.project)["items"] if each["name"] == name]
    if not found:
        nothing(f"There is no workflow named {name!r} in {coord.project}. `coord workflow list` shows them.")
    going_on = [each for each in found if each["status"] not in ("completed", "cancelled")]
    return str((going_on or found)[0]["id"])


# --- items -----------------------------------------------------------------------------------------------------------------------


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


@item.command("add", examples='ITEM=$(coord -q item add "Change the callers" -w "New order model" --after ID)')
@click.argument("title")
@click.option("-w", "--workflow", "flow", metavar="WORKFLOW", shell_complete=completion.workflows, required=True, help="Its id or name.")
@click.option("-d", "--description", metavar="TEXT", help="-: from standard input.")
@click.option("--priority", type=int, metavar="N", help="Higher goes first. Default: 0.")
@click.option("--after", "depends_on", metavar="ID", multiple=True, help="An item that must be completed first. May be repeated.")
@click.option("--for", "assigned_to", metavar="SESSION", help="Only this session can claim it.")
@pass_coord
def add_item(
    coord: Coord,
    title: str,
    flow: str,
    description: str | None,
    priority: int | None,
    depends_on: tuple[str, ...],
    assigned_to: str | None,
) -> None:
    """Add a work item to a workflow."""
    body = _given(
        id=new_id(),
        workflow_id=workflow_id(coord, flow),
        title=title,
        description=text_of(description),
        priority=priority,
        depends_on=list(depends_on) or None,
        assigned_to=assigned_to,
        created_by=coord.session,
    )
    coord.write_each([("POST", "/work-items", body)], lambda told: _said(coord, told, f"added item {one_line(told['title'])}"))


@item.command("list", examples="coord item list --ready\ncoord item list --mine --status in_progress")
@click.option("-w", "--workflow", "flow", metavar="WORKFLOW", shell_complete=completion.workflows, help="Its id or name.")
@click.option("--status", type=click.Choice(ITEM_STATUSES), multiple=True, help="May be repeated: any of them.")
@click.option("--ready", is_flag=True, help="Only what can be claimed: pending, and all that it depends on completed.")
@click.option("--mine", is_flag=True, help="Only what is assigned to you.")
@click.option("--for", "assigned_to", metavar="SESSION", help="Only what is assigned to that session.")
@everywhere
@limited(100)
@pass_coord
def list_items(
    coord: Coord,
    flow: str | None,
    status: tuple[str, ...],
    ready: bool,
    mine: bool,
    assigned_to: str | None,
    everywhere: bool,
    limit: int,
) -> None:
    """Show work items, highest priority first, then oldest."""
    asked: Body = {
        "workflow_id": workflow_id(coord, flow) if flow else None,
        "project_key": None if everywhere or flow else coord.project,
        "status": list(status),
        "ready": True if ready else None,
        "assigned_to": coord.session if mine else assigned_to,
    }
    listed = coord.read_all("/work-items", limit, **asked)
    coord.result(listed)
    if not listed["items"]:
        coord.note(f"No such item in {'any project' if everywhere else coord.project}.")
    elif coord.quiet:
        coord.out(*(each["id"] for each in listed["items"]))
    else:
        coord.out(*_items_table(listed["items"]))
    more(coord, listed)


def _items_table(items: list[Body]) -> list[str]:
    rows = [
        [
            each["id"],
            "ready" if each["ready"] else word(each["status"]),
            str(each["priority"]),
            plain(each["assigned_to"] or "-"),
            one_line(each["title"]),
        ]
        for each in items
    ]
    return table(["ID", "STATUS", "PRIORITY", "ASSIGNED TO", "TITLE"], rows)


@item.command("claim", examples='coord item claim\nID=$(coord -q item claim -w "New order model") || echo "nothing to do"')
@click.option(
    "-w", "--workflow", "flow", metavar="WORKFLOW", shell_complete=completion.workflows, help="Only from this one: its id or name."
)
@everywhere
@pass_coord
def claim_item(coord: Coord, flow: str | None, everywhere: bool) -> None:
    """Take the next ready item: in progress, and yours alone.

    Exit code 4: nothing is ready. 5: coord is away, and you have no item.
    """
    scope = _given(project_key=None if everywhere or flow else coord.project, workflow_id=workflow_id(coord, flow) if flow else None)
    told = _claimed(coord, scope)
    if told is None:
        raise Failed("Nothing is ready for you. `coord item list` shows what there is.", NOTHING, "nothing_ready")
    coord.result(told)
    if coord.quiet:
        coord.out(told["id"])
    else:
        coord.out(
            f"claimed item {one_line(told['title'])}  id {told['id']}", *([plain(told["description"])] if told["description"] else [])
        )


def _claimed(coord: Coord, scope: Body) -> Body | None:
    """The next ready item. When the answer to the claim before this one never came, that one is asked for again: it may have given one."""
    wanted = str(sorted(scope.items()))
    before = memory.unanswered_claim(coord, wanted)
    for claim_id in [before, new_id()] if before else [new_id()]:
        try:
            coord.catch_up()
            answer = coord.ask("POST", "/work-items/claim", {"session_id": coord.session, "claim_id": claim_id, **scope})
        except CoordAway:
            memory.remember_claim(coord, wanted, claim_id)
            raise
        if before:
            memory.remember_claim(coord, wanted, None)
        told: Body | None = None if answer.status == 204 else answer.json
        if claim_id != before or (told is not None and told["status"] == "in_progress" and told["assigned_to"] == coord.session):
            return told
    return None


@item.command("show", examples="coord item show ID")
@click.argument("item_id", metavar="ID", shell_complete=completion.items)
@pass_coord
def show_item(coord: Coord, item_id: str) -> None:
    """Show one item."""
    told = coord.read(f"/work-items/{quote(item_id)}")
    coord.result(told)
    if coord.quiet:
        coord.out(told["id"])
        return
    assigned = f", assigned to {plain(told['assigned_to'])}" if told["assigned_to"] else ""
    claimed = f" (claimed {ago(told['claimed_at'])})" if told["claimed_at"] else ""
    coord.out(
        f"{one_line(told['title'])}  {word(told['status'])}{' and ready' if told['ready'] else ''}{assigned}{claimed}",
        f"  id {told['id']}, workflow {told['workflow_id']}, priority {told['priority']}, created {when(told['created_at'])}",
    )
    coord.out(*([f"  after {', '.join(told['depends_on'])}"] if told["depends_on"] else []))
    coord.out(*([plain(told["description"])] if told["description"] else []))


_ids = click.argument("item_ids", metavar="ID...", nargs=-1, required=True, shell_complete=completion.items)


@item.command("done", examples="coord item done ID")
@_ids
@pass_coord
def finish_items(coord: Coord, item_ids: tuple[str, ...]) -> None:
    """Say that items are completed."""
    _change_items(coord, item_ids, {"status": "completed"})


@item.command("block", examples='coord item block ID -m "waits for the schema"')
@_ids
@click.option("-m", "--why", metavar="TEXT", help="Becomes the item's description.")
@pass_coord
def block_items(coord: Coord, item_ids: tuple[str, ...], why: str | None) -> None:
    """Say that items cannot go on, and why."""
    _change_items(coord, item_ids, _given(status="blocked", description=why))


@item.command("start", examples="coord item start ID")
@_ids
@pass_coord
def start_items(coord: Coord, item_ids: tuple[str, ...]) -> None:
    """Take up items by their id: in progress, and yours if nobody's. To get the next one use claim."""
    _change_items(coord, item_ids, {"status": "in_progress"})


@item.command("return", examples="coord item return ID")
@_ids
@pass_coord
def return_items(coord: Coord, item_ids: tuple[str, ...]) -> None:
    """Give back items that you do not finish. They are pending again, for anybody."""
    _change_items(coord, item_ids, {"status": "pending"})


@item.command("set", examples="coord item set ID --priority 10\ncoord item set ID --status cancelled")
@_ids
@click.option("--status", type=click.Choice(ITEM_STATUSES))
@click.option("--title", metavar="TEXT")
@click.option("-d", "--description", metavar="TEXT", help="-: from standard input.")
@click.option("--priority", type=int, metavar="N", help="Higher goes first.")
@click.option("--after", "depends_on", metavar="ID", multiple=True, help="What must be completed first, instead of what it was.")
@click.option("--after-nothing", is_flag=True, help="It depends on nothing any more.")
@click.option("--for", "assigned_to", metavar="SESSION", help="Only this session can claim it.")
@click.option("--for-anybody", is_flag=True, help="Anybody can claim it.")
@pass_coord
def set_items(
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
) -> None:
    """Change items."""
    changes = _given(
        status=status,
        title=title,
        description=text_of(description),
        priority=priority,
        depends_on=list(depends_on) or None,
        assigned_to=assigned_to,
    )
    changes |= {"depends_on": []} if after_nothing else {}
    changes |= {"assigned_to": None} if for_anybody else {}
    if not changes:
        raise click.UsageError("Say what to change, like --status or --priority.")
    _change_items(coord, item_ids, changes)


def _change_items(coord: Coord, item_ids: tuple[str, ...], changes: Body) -> None:
    body = {"session_id": coord.session, **changes}
    calls: list[tuple[str, str, Body | None]] = [("PATCH", f"/work-items/{quote(each)}", body) for each in item_ids]
    coord.write_each(calls, lambda told: _said(coord, told, f"item {one_line(told['title'])} is {word(told['status'])}"))


def _given(**values: Any) -> Body:
    """Without what was not said."""
    return {name: value for name, value in values.items() if value is not None}


def _said(coord: Coord, told: Body, sentence: str) -> str:
    return str(told["id"]) if coord.quiet else f"{sentence}  id {told['id']}"
