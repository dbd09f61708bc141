"""`coord workflow …`."""

from __future__ import annotations

import click

from coord.client.banner import plain
from coord.client.cli import completion, ids
from coord.client.cli.console import can_ask
from coord.client.cli.context import Body, Coord, Write, nothing, pass_coord, without_none
from coord.client.cli.failures import USAGE, CoordAway, Failed
from coord.client.cli.naming import is_id
from coord.client.cli.objects import Workflow
from coord.client.cli.options import Group, all_projects_option, limit_option, note_more, text_of
from coord.client.cli.output import coloured, when
from coord.client.cli.work_output import (
    items_table,
    progress,
    result_line,
    stuck_items,
    workflows_table,
)
from coord.client.queue import new_id

STATUSES = ("planning", "active", "blocked", "completed", "cancelled")
CLOSED = ("completed", "cancelled")
OPEN_ITEMS = ("pending", "in_progress", "blocked")


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
    """Workflows: work items that belong together. A WORKFLOW is named by its id or its exact
    name."""


@workflow.command(
    "add", examples='coord workflow add "New order model" --description "see docs/orders.md"'
)
@click.argument("name")
@click.option("-d", "--description", metavar="TEXT", help="-: from standard input.")
@click.option("--status", type=click.Choice(STATUSES), help="Default: planning.")
@pass_coord
def add(coord: Coord, name: str, description: str | None, status: str | None) -> None:
    """Create a workflow."""
    body = without_none(
        id=new_id(),
        project_key=coord.project,
        name=name,
        description=text_of(description),
        status=status,
        created_by=coord.session,
    )

    def describe(created: Workflow) -> str:
        return result_line(coord, created["id"], f"created workflow {plain(created['name'])}")

    coord.write_each([Write("POST", "/workflows", body)], describe)


@workflow.command("list", examples="coord workflow list --status active --status blocked")
@click.option(
    "--status", type=click.Choice(STATUSES), multiple=True, help="May be repeated: any of them."
)
@all_projects_option
@limit_option(100)
@pass_coord
def list_(coord: Coord, status: tuple[str, ...], all_projects: bool, limit: int) -> None:
    """Show workflows and their progress."""
    project = None if all_projects else coord.project
    page = coord.read_all("/workflows", limit, project_key=project, status=list(status))
    coord.result(page)
    workflows: list[Workflow] = page["items"]
    if not workflows:
        coord.note(f"No such workflow in {project or 'any project'}.")
    elif coord.quiet:
        coord.out(*(row["id"] for row in workflows))
    else:
        coord.out(*workflows_table(workflows))
    note_more(coord, page)


@workflow.command("show", examples='coord workflow show "New order model"')
@click.argument("name", metavar="WORKFLOW", shell_complete=completion.workflows)
@pass_coord
def show(coord: Coord, name: str) -> None:
    """Show a workflow and its items."""
    shown: Workflow = ids.read(coord, ids.WORKFLOW, workflow_id(coord, name))
    coord.result(shown)
    if coord.quiet:
        coord.out(*(item["id"] for item in shown["work_items"]))
        return
    counts = ", ".join(
        f"{count} {status}"
        for status, count in shown["progress"].items()
        if count and status != "total"
    )
    details = f" ({counts})" if counts else ""
    coord.out(
        f"{plain(shown['name'])}  {coloured(shown['status'])}  {progress(shown)} done{details}"
        f"{stuck_items(shown)}",
        f"  id {shown['id']}, created by {plain(shown['created_by'])} {when(shown['created_at'])}",
    )
    if shown["description"]:
        coord.out(plain(shown["description"]))
    if shown["work_items"]:
        coord.out(*items_table(shown["work_items"]))


@workflow.command("set", examples='coord workflow set "New order model" --status active')
@click.argument("name", metavar="WORKFLOW", shell_complete=completion.workflows)
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--name", "new_name", metavar="TEXT", help="A new name.")
@click.option("-d", "--description", metavar="TEXT", help="-: from standard input.")
@pass_coord
def set_(
    coord: Coord, name: str, status: str | None, new_name: str | None, description: str | None
) -> None:
    """Change a workflow's status, name or description."""
    changes = without_none(status=status, name=new_name, description=text_of(description))
    if not changes:
        raise click.UsageError("Say what to change: --status, --name or --description.")
    _change(coord, name, changes)


@workflow.command("done", examples='coord workflow done "New order model"')
@click.argument("name", metavar="WORKFLOW", shell_complete=completion.workflows)
@click.option("-y", "--yes", is_flag=True, help="Do not ask, even where items are still open.")
@pass_coord
def done(coord: Coord, name: str, yes: bool) -> None:
    """Mark a workflow as completed. Asks where items of it are still open."""
    flow = workflow_id(coord, name)
    if not yes:
        try:
            _confirm_open_items(coord, ids.read(coord, ids.WORKFLOW, flow))
        except CoordAway:
            pass  # nobody can tell now, and the call is queued
    _change(coord, flow, {"status": "completed"})


def _confirm_open_items(coord: Coord, flow: Workflow) -> None:
    """Raises Failed when items are open and nobody says that it is completed all the same."""
    counts = [
        f"{flow['progress'][status]} {status}"
        for status in OPEN_ITEMS
        if flow["progress"].get(status)
    ]
    if not counts:
        return
    sentence = f"{plain(flow['name'])} has items that are open: {', '.join(counts)}."
    if coord.json or not can_ask():
        raise Failed(
            f"{sentence} Nothing was changed; --yes completes it all the same.",
            USAGE,
            "not_confirmed",
        )
    if not click.confirm(f"{sentence} Complete it all the same?", default=False):
        raise Failed("Nothing was changed.", USAGE, "not_confirmed")


def _change(coord: Coord, name: str, changes: Body) -> None:
    path = f"/workflows/{workflow_id(coord, name)}"
    body = {"session_id": coord.session, **changes}

    def describe(changed: Workflow) -> str:
        sentence = f"workflow {plain(changed['name'])} is {coloured(changed['status'])}"
        return result_line(coord, changed["id"], sentence)

    coord.write_each([Write("PATCH", path, body)], describe)


def workflow_id(coord: Coord, name: str) -> str:
    """The id of the project's workflow of that name, of several the newest open one; or of that
    id, or beginning of one. Raises Failed."""
    if is_id(name):
        return name.lower()
    workflows: list[Workflow] = coord.read_all("/workflows", 0, project_key=coord.project)["items"]
    named = [row for row in workflows if row["name"] == name]
    if named:
        still_open = [row for row in named if row["status"] not in CLOSED]
        chosen = (still_open or named)[0]
        if len(named) > 1:
            coord.note(
                f"{len(named)} workflows are named {name!r}: this is {chosen['id']},"
                f" {chosen['status']}. Name it by its id to be sure."
            )
        return chosen["id"]
    if not ids.is_beginning(name):
        nothing(f"There is no workflow named {name!r} in {coord.project}: coord workflow list")
    return ids.resolve(coord, ids.WORKFLOW, name)
