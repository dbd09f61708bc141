"""What a terminal of some width shows: nothing wraps, and what matters most is seen."""

import re
import unicodedata

import pytest
from wcwidth import wcswidth

from coord.client.cli import cells
from coord.client.cli.tables import id_cells
from tests.client.cli.conftest import Person
from tests.client.cli.terminal import OnATerminal, Screen
from tests.service import until

LONG = "src/orders/service/very/long/path/of/a/module/that/never/ends.py"
WIDTHS = [40, 80, 200]


def shown(me: Person, columns: int, *args: str, **env: str) -> Screen:
    """The picture that the command leaves on a terminal of that width."""
    terminal = OnATerminal([*me.command, *args], me, columns=columns, env=env)
    assert terminal.wait() == 0
    return terminal.picture()


@pytest.fixture
def busy(me: Person, other: Person) -> Person:
    """A project with long names, wide characters and emoji."""
    other("lock", LONG, "-m", "new order model")
    other("lock", "git push", "-m", "release 1.4")
    me("lock", "注文/モデル.py", "-m", "新しい注文モデル")
    me("lock", "🎉 party", "-m", "a réason")
    me("workflow", "add", "Flow")
    for number in (1, 2, 3):
        me("item", "add", f"Change the callers of module {number}", "-w", "Flow")
    me("set", "web/front end", "degraded", "--notes", "long " * 30)
    return me


COMMANDS = [
    (["locks"], 4),
    (["item", "list"], 3),
    (["workflow", "list"], 1),
    (["components"], 1),
    (["components", "web/front end", "--history"], 1),
]


@pytest.mark.parametrize("columns", WIDTHS)
def test_each_row_is_one_line_of_the_terminal(busy: Person, columns: int) -> None:
    for command, rows in COMMANDS:
        picture = shown(busy, columns, *command)
        assert len(picture.lines) == rows + 1, picture.lines
        assert not picture.wrapped


def test_what_is_no_table_is_broken_between_words(busy: Person, other: Person) -> None:
    other("send", "a question of some length about orders", "words " * 20, "--to", busy.session)
    other("handover", "all tests pass but those of the orders, which wait for the schema")
    item = busy("item", "list", "--json").json["items"][0]["id"]
    for command in (
        ["whoami"],
        ["events"],
        ["workflow", "show", "Flow"],
        ["item", "show", item],
        ["checkin"],
        ["inbox"],
        ["handover", "--of", other.session],
    ):
        picture = shown(busy, 40, *command)
        assert picture.broken_words == [], command


def test_text_of_others_stays_behind_its_mark_in_every_line() -> None:
    lines = cells.wrapped(
        "\n| " + "=== coord: you hold it ===  " * 4 + "\n  a label  of ours\n", 40
    )
    assert lines[0] == lines[-1] == ""
    assert len([line for line in lines if line.startswith("| ")]) > 2
    assert lines[-2] == "  a label  of ours"


@pytest.mark.parametrize("columns", WIDTHS)
def test_in_the_overview_a_long_name_hides_nobody(
    busy: Person, other: Person, columns: int
) -> None:
    picture = shown(busy, columns, "status")
    (line,) = (line for line in picture.lines if "ends.py" in line)
    assert other.session[:8] in line
    assert columns == 40 or re.search(r"until .*\d\dZ", line)
    assert not picture.wrapped


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_locks_show_what_who_and_why_at_any_width_below_each_other(
    busy: Person, other: Person, columns: int
) -> None:
    picture = shown(busy, columns, "locks")
    for head in ("RESOURCE", "HOLDER", "WHY"):
        assert head in picture.lines[0]
    push = next(line for line in picture.lines if "git push" in line)
    assert other.session[:8] in push
    assert "release" in push
    # the end of a path says more than its beginning
    long_name = next(line for line in picture.lines if "ends.py" in line)
    assert other.session[:8] in long_name
    assert "new order" in long_name
    at = picture.cell_of(0, "WHY")
    for number, reason in enumerate(("a", "新し", "release", "new order"), 1):
        assert picture.cell_of(number, reason, after=at) == at, picture.lines


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_overview_fits_the_terminal_and_leaves_no_count_out(busy: Person, columns: int) -> None:
    picture = shown(busy, columns, "status")
    assert not picture.wrapped, picture.lines
    counts = " ".join(line.strip() for line in picture.lines)
    for count in ("4 held, 0 stale, 0 waiting", "3 pending, 3 of them ready, 0 in progress"):
        assert count in counts
    assert any(line.startswith("  git push  ") for line in picture.lines)


def test_at_200_columns_nothing_is_short(busy: Person) -> None:
    lock = busy("locks", LONG, "--json").json["items"][0]
    picture = shown(busy, 200, "locks")
    line = next(line for line in picture.lines if LONG in line)
    assert lock["id"] in line
    assert f"{lock['expires_at'][:19]}Z" in line


def test_at_80_columns_the_titles_of_items_have_the_room_that_ids_would_take(busy: Person) -> None:
    picture = shown(busy, 80, "item", "list")
    item = busy("item", "list", "--json").json["items"][0]
    assert item["title"] in picture.lines[1]
    short = picture.lines[1].split()[0]
    assert item["id"].startswith(short)
    assert len(short) < 20
    assert busy("item", "show", short, "--json").json["id"] == item["id"]


def test_in_a_pipe_lines_and_ids_are_whole(busy: Person) -> None:
    lines = busy.process("locks").lines
    assert any(LONG in line and "new order model" in line for line in lines)
    assert busy("item", "list", "--json").json["items"][0]["id"] in busy.process("item", "list").out


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_a_dumb_terminal_gets_no_colours(busy: Person, term: str) -> None:
    terminal = OnATerminal([*busy.command, "components"], busy, env={"TERM": term})
    assert terminal.wait() == 0
    assert ("\x1b" in terminal.shown) == (term != "dumb")


@pytest.mark.parametrize(
    "text", ["plain", "größe", "注文モデル", "e\u0301a", "🎉🎉", "한국어", "a\u200bb", "नमस्ते"]
)
def test_widths_are_those_of_a_terminal(text: str) -> None:
    assert cells.width(text) >= wcswidth(text)
    # never far too wide
    assert cells.width(unicodedata.normalize("NFC", text)) - wcswidth(text) <= 2
    for room in range(1, 8):
        assert wcswidth(cells.cut(text, room)) <= room


def test_a_colour_ends_where_its_text_is_cut() -> None:
    assert cells.cut("\x1b[31mdegraded\x1b[0m since", 5) == "\x1b[31mdegr…\x1b[0m"


def test_a_line_is_broken_at_blanks_and_goes_on_below_its_counts() -> None:
    text = "locks       12 held, \x1b[31m3 stale\x1b[0m, 4 waiting"
    assert cells.folded(text, 24, 12) == [
        "locks       12 held, \x1b[31m3",
        "            stale\x1b[0m, 4",
        "            waiting",
    ]
    assert cells.folded("short", 24, 12) == ["short"]
    assert cells.folded("a-word-that-is-too-long", 8, 2) == ["a-word-that-is-too-long"]
    assert cells.folded("データを移行する", 8, 2) == ["データを", "  移行す", "  る"]


def test_short_ids_are_as_long_as_they_must_be() -> None:
    ids = ["01a22400-0158-790e", "01a22400-0158-7a0e", "02a22400-0158-790e"]
    assert [cell.short for cell in id_cells(ids)] == [
        "01a22400-0158-79",
        "01a22400-0158-7a",
        "02a22400",
    ]


def test_watching_keeps_the_ages_moving_and_follows_a_resize(me: Person) -> None:
    me("set", "api", "deployed", "--notes", "x")
    me("lock", LONG)
    screen = OnATerminal([*me.command, "status", "--watch"], me, columns=200)
    screen.until(LONG)
    ages = {line for line in last_drawing(screen) if " ago" in line}
    until(
        lambda: {line for line in last_drawing(screen) if " ago" in line} != ages,
        20,
        "an age to move",
    )
    screen.resize(50)
    until(
        lambda: all(cells.width(line) <= 50 for line in last_drawing(screen)),
        20,
        "lines of the new width",
    )
    assert any("…" in line for line in last_drawing(screen))
    screen.type("\x03")
    assert screen.wait() == 130


def last_drawing(screen: OnATerminal) -> list[str]:
    """The lines of the newest drawing that is whole."""
    drawings = [part for part in screen.shown.split("\x1b[H") if part.endswith("\x1b[J")]
    return [line.replace("\x1b[K", "") for line in drawings[-1].partition("\x1b[J")[0].splitlines()]
