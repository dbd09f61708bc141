"""What goes for all commands: options before and after, errors, help, colours, completion."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from coord import __version__
from coord.client.calls import Calls, Queued
from coord.client.cli.failures import EXIT_CODES
from coord.client.cli.group import COMMANDS, cli
from coord.client.cli.options import write_examples
from coord.client.workspace import Workspace
from tests.client import pythons
from tests.client.cli.conftest import NOWHERE, Person, answering, every_command
from tests.client.cli.terminal import OnATerminal
from tests.service import ROOT

OURS = [
    (path, command)
    for path, command in every_command()
    if not (command.callback and "setup" in command.callback.__module__)
]


@pytest.mark.parametrize(
    "args",
    [
        ["--json", "locks"],
        ["locks", "--json"],
        ["workflow", "--json", "list"],
        ["-q", "locks", "--json"],
    ],
    ids=" ".join,
)
def test_options_may_stand_before_and_after_the_command(me: Person, args: list[str]) -> None:
    assert me(*args).json == {"items": [], "next_cursor": None}


def test_the_nearer_one_counts(me: Person) -> None:
    assert me("-p", "one", "whoami", "-p", "two", "--json").json["project"] == "two"


def test_a_session_named_by_an_option_is_the_caller(me: Person) -> None:
    assert me("-s", "host/x", "lock", "x", "--json").json["session_id"] == "host/x"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["lokc"], 2),
        (["lock"], 2),
        (["locks", "--nope"], 2),
        (["--timeout", "x", "locks"], 2),
        (["--json"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_mistake_in_the_command_line_is_exit_code_2(
    me: Person, args: list[str], code: int
) -> None:
    assert me(*args).code == code


def test_a_misspelt_command_is_answered_with_the_nearest(me: Person) -> None:
    assert "Did you mean locks?" in me("lockss").err
    assert "Did you mean claim?" in me("item", "clain").err


def test_mistakes_are_json_where_that_is_asked_for(me: Person) -> None:
    result = me("lock", "--json")
    assert (result.code, result.err) == (2, "")
    assert result.json["error"] == "usage"


def test_a_broken_settings_file_is_named(me: Person) -> None:
    (me.folder / ".coord.toml").write_text("project = shop")
    result = me("locks")
    assert result.code == 2
    assert ".coord.toml is not TOML" in result.err


def test_a_url_that_is_none_is_named(me: Person) -> None:
    assert me("--url", "coord.example", "locks").code == 2


def test_a_timeout_is_kept(me: Person) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HANGS], stdout=subprocess.PIPE, text=True
    ) as hanging:
        assert hanging.stdout is not None
        result = me.at(f"http://127.0.0.1:{hanging.stdout.readline().strip()}")(
            "--timeout", "0.3", "locks"
        )
        hanging.kill()
    assert result.code == 5
    assert "timed out" in result.err


HANGS = (
    "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1],"
    " flush=True); time.sleep(60)"
)


def test_quiet_leaves_ids_and_warnings(me: Person, away: Person) -> None:
    assert re.fullmatch(r"[0-9a-f-]{36}\n", me("-q", "lock", "x").out)
    assert away("-q", "set", "api", "built").err == ""
    assert "WITHOUT a lock" in away("-q", "lock", "y").err


def test_the_version_is_told_also_when_coord_is_away(me: Person, away: Person) -> None:
    assert me("--version").out == f"coord {__version__} (server: {__version__})\n"
    assert away("--version").out == f"coord {__version__} (server: away)\n"
    assert away("--version", "--json").json == {"client": __version__, "server": None}


def test_help_shows_every_command_and_every_exit_code(me: Person) -> None:
    shown = me("--help").out
    assert me().out == shown
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", shown, re.MULTILINE), name
    for code in EXIT_CODES:
        assert re.search(rf"^  {code} ", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "command"), OURS, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_has_help_with_examples(
    me: Person, path: tuple[str, ...], command: click.Command
) -> None:
    shown = me(*path, "--help").out
    assert command.help
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    assert "Examples:\n" in shown
    assert me("help", *path).out == shown
    assert re.search(rf"coord (-q )?{path[0]}", shown.partition("Examples:")[2]) or path[0] in (
        "hook",
        "install",
    )
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help or parameter.name in (
                "clear_version",
                "clear_notes",
                "status",
                "title",
            ), parameter.name


def test_what_an_example_means_stands_below_it_where_both_are_too_wide() -> None:
    formatter = click.HelpFormatter(width=30)
    write_examples(formatter, "coord status --watch   redraws it\ncoord whoami   your name")
    assert formatter.getvalue() == (
        "\nExamples:\n  coord status --watch\n      redraws it\n  coord whoami   your name\n"
    )


def test_the_short_help_in_the_list_is_each_commands_own(me: Person) -> None:
    assert me("help", "nope").code == 2
    for name in COMMANDS:
        assert cli.get_command(click.Context(cli), name) is not None


def test_the_hook_is_in_the_help_but_takes_the_short_way(me: Person) -> None:
    assert "hook" in me("--help").out
    assert "always exits 0" in me("hook", "--help").out
    assert me.process("hook").code == 0


def test_setup_commands_are_not_imported_by_others(me: Person) -> None:
    code = (
        "import sys; sys.argv = ['coord', 'locks', '-q']\nfrom coord.client import __main__\ntry:"
        " __main__.main()\nexcept SystemExit: pass\n"
    )
    code += (
        "print([name for name in sys.modules if name.startswith(('coord.', 'flask',"
        " 'sqlalchemy'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=me.folder,
        env=me.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not re.search(
        "setup|install|hook|coord.areas|coord.app|flask|sqlalchemy|cli.work|cli.events", done.stdout
    )


def test_colours_are_for_terminals(me: Person) -> None:
    me("set", "api", "degraded")
    screen = OnATerminal([*me.command, "components"], me)
    assert screen.wait() == 0
    assert "\x1b[31mdegraded\x1b[0m" in screen.shown
    plain: list[tuple[list[str], dict[str, str]]] = [(["--no-color"], {}), ([], {"NO_COLOR": "1"})]
    for args, env in plain:
        screen = OnATerminal([*me.command, "components", *args], me, env=env)
        assert screen.wait() == 0
        assert "degraded" in screen.shown
        assert "\x1b" not in screen.shown
    assert "\x1b" not in me.process("components").out


def test_a_line_ends_where_the_terminal_does(me: Person) -> None:
    me("set", "api", "built", "--notes", "long " * 60)
    screen = OnATerminal([*me.command, "components"], me, columns=60)
    screen.wait()
    assert "…" in screen.shown


def test_watching_draws_the_overview_anew_on_a_terminal(me: Person) -> None:
    screen = OnATerminal([*me.command, "status", "--watch"], me)
    screen.until("0 held")
    me("lock", "x")
    screen.until("1 held")
    assert screen.shown.count("\x1b[H") >= 2
    screen.type("\x03")
    assert screen.wait() == 130


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts(me: Person, shell: str) -> None:
    result = me("completion", shell)
    assert result.code == 0
    assert f"{shell}_complete" in result.out
    assert "_COORD_COMPLETE" in result.out


def completed(me: Person, line: str) -> list[str]:
    env = {
        **me.environment,
        "_COORD_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = subprocess.run(
        me.command, cwd=me.folder, env=env, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return [choice.partition(",")[2] for choice in done.stdout.splitlines() if choice]


def test_the_shell_completes_commands_options_and_names(me: Person) -> None:
    me("lock", "git push", "src/app.py")
    me("lock", "elsewhere", "-s", "another")
    me("set", "api", "built")
    assert completed(me, "coord loc") == ["lock", "locks"]
    assert completed(me, "coord item cl") == ["claim"]
    assert completed(me, "coord events --fo") == ["--follow"]
    assert completed(me, "coord set api dep") == ["deploying", "deployed"]
    assert sorted(completed(me, "coord unlock ")) == ["git push", "src/app.py"]
    (me.folder / "src").mkdir(exist_ok=True)
    in_src = me.as_(me.session, folder=me.folder / "src")
    assert sorted(completed(in_src, "coord unlock ")) == ["app.py", "git push"]
    assert completed(me, "coord components a") == ["api"]
    assert completed(me.at(NOWHERE), "coord unlock ") == []


def test_powershell_gets_names_as_one_word_each(me: Person) -> None:
    names = ["git push", "it's $HOME", "a\u2019b; rm", "grün", "src/app.py"]
    for name in names:
        me("lock", "--as-is", name)
    env = {
        **me.environment,
        "_COORD_COMPLETE": "powershell_complete",
        "COMP_WORDS": "coord\nunlock",
        "COMP_INCOMPLETE": "",
    }
    done = subprocess.run(
        me.command, cwd=me.folder, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.isascii()
    offered = {item["shown"]: item["text"] for item in map(json.loads, done.stdout.splitlines())}
    assert offered == {
        "git push": "'git push'",
        "it's $HOME": "'it''s $HOME'",
        "a\u2019b; rm": "'a\u2019\u2019b; rm'",
        "grün": "'grün'",
        "src/app.py": "src/app.py",
    }
    typed = subprocess.run(
        me.command,
        cwd=me.folder,
        env={**env, "COMP_INCOMPLETE": "'git"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(line)["shown"] for line in typed.stdout.splitlines()] == ["git push"]


@pytest.fixture
def complete(me: Person, tmp_path: Path) -> Callable[..., list[str]]:
    """What bash offers for the last word of a line."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    launcher = bin_folder / "coord"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m coord.client "$@"\n')
    launcher.chmod(0o755)
    (tmp_path / "completion").write_text(me("completion", "bash").out)

    def offered(words: str, line: str = "") -> list[str]:
        script = f"""source {tmp_path}/completion
COMP_LINE={shlex.quote(line)}; COMP_POINT=${{#COMP_LINE}}
complete -p coord | grep -q _coord_completion || exit 9
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); _coord_completion coord
(( ${{#COMPREPLY[@]}} )) && printf '%s\\n' "${{COMPREPLY[@]}}" || :"""
        env = {**me.environment, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", script], cwd=me.folder, env=env, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return offered


def test_the_completion_script_works_in_bash(complete: Callable[..., list[str]]) -> None:
    assert complete("coord loc") == ["lock", "locks"]


def test_what_is_completed_is_one_word_of_the_shell(
    me: Person, complete: Callable[..., list[str]]
) -> None:
    for name in ("git push", "x; touch pwned", "a *", "it's $HOME"):
        me("lock", "--as-is", name)
    assert complete("coord unlock g") == ["git\\ push"]
    assert complete("coord unlock x") == ["x\\;\\ touch\\ pwned"]
    assert complete("coord unlock a") == ["a\\ \\*"]
    assert complete("coord unlock i") == ["it\\'s\\ \\$HOME"]
    assert complete("coord unlock \\'g") == ["git push"]  # the quote is typed
    assert complete("coord unlock \\'i") == []


def test_a_name_with_a_colon_or_a_backslash_is_completed_in_bash(
    me: Person, complete: Callable[..., list[str]]
) -> None:
    for name in ("web-1:/etc/hosts", "back\\slash"):
        me("lock", "--as-is", name)
    assert complete("coord unlock b") == ["back\\\\slash"]
    # bash makes three words of it, and puts what is offered behind the colon
    assert complete("coord unlock web-1 : /e", "coord unlock web-1:/e") == ["/etc/hosts"]
    assert complete("coord unlock web-1 :", "coord unlock web-1:") == ["/etc/hosts"]


@pytest.mark.parametrize("begun", ["'g", '"g', "g", "\\g"])
def test_fish_completes_a_word_that_began_with_a_quote(me: Person, begun: str) -> None:
    me("lock", "--as-is", "git push, slowly")
    env = {
        **me.environment,
        "_COORD_COMPLETE": "fish_complete",
        "COMP_WORDS": f"coord unlock {begun}",
        "COMP_CWORD": begun,
    }
    done = subprocess.run(
        me.command, cwd=me.folder, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "plain,git push, slowly\n"
    assert 'string split -m1 ","' in me("completion", "fish").out


def test_output_is_utf_8_in_a_pipe_whatever_the_locale(me: Person) -> None:
    me("lock", "größe ✓", "-m", "für später")
    env = {**me.environment, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*me.command, "locks"], cwd=me.folder, env=env, capture_output=True, check=True
    )
    assert "größe ✓" in done.stdout.decode()
    assert "für später" in done.stdout.decode()


OLDEST = next(
    (path for kind, path in pythons.found().items() if pythons.version(kind) == pythons.OLDEST),
    None,
)


@pytest.mark.skipif(
    OLDEST is None, reason="there is no Python 3.9 here: install Debian 12's pypy3, or python3.9"
)
def test_it_runs_on_the_oldest_python(me: Person, tmp_path: Path) -> None:
    for name in ("click", "tomli"):
        module = __import__(name)
        (tmp_path / name).symlink_to(Path(str(module.__file__)).parent)
    for path, _ in every_command():
        env = {**me.environment, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
        done = subprocess.run(
            [str(OLDEST), "-m", "coord.client", *path, "--help"],
            cwd=me.folder,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [str(OLDEST), "-m", "coord.client", "lock", "x", "--json"],
        cwd=me.folder,
        env=env,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)["resource"] == "x"
    assert NOWHERE not in done.stderr


@pytest.mark.parametrize("path", ["/api/coord", "/api/coord/", "/docs"])
def test_an_address_with_a_path_of_the_service_is_right(
    me: Person, away: Person, path: str
) -> None:
    away("set", "api", "built")
    result = me.at(me.url + path)("sync")
    assert (result.code, result.out) == (0, "1 sent.\n")
    assert me.at(me.url + path)("components", "api", "-q").out == "api\n"


@pytest.mark.parametrize(
    "command",
    [["set", "api", "built"], ["lock", "x"], ["sync"], ["locks"], ["inbox"], ["item", "claim"]],
    ids=" ".join,
)
@pytest.mark.parametrize(
    "wrong", ["coord.example:8001", "localhost", "htp://h", "http://", "SERVER/dashboard"]
)
def test_a_wrong_address_is_said_at_once_and_nothing_is_queued_or_refused(
    me: Person, away: Person, command: list[str], wrong: str
) -> None:
    away("send", "hello")
    before = away("queue", "--json").json
    result = me.at(wrong.replace("SERVER", me.url))(*command)
    assert result.code == 2
    assert "is not the address of a coord server" in result.err
    assert away("queue", "--json").json == before


@pytest.mark.parametrize(
    "command", ["set api built", "lock x", "lock x --wait 5", "locks", "inbox"]
)
def test_https_in_front_of_what_speaks_http_is_said_at_once_and_nothing_is_queued(
    me: Person, command: str
) -> None:
    wrong = me.at(me.url.replace("http:", "https:"))
    before, began = wrong("queue", "--json").json, time.monotonic()
    said = wrong(*command.split())
    assert time.monotonic() - began < 5
    assert said.code == 2
    assert "speaks http, not https" in said.err
    assert wrong("queue", "--json").json == before


def test_a_wrong_address_is_said_at_once_where_something_waits_for_it(me: Person) -> None:
    """As hooks queue for it."""
    wrong = me.at(me.url.replace("http:", "https:"))
    calls = Calls(Workspace(str(wrong.folder), wrong.url), "a")
    with pytest.raises(Queued):
        calls.write("PUT", "/components/shop/api", {"state": "built"})
    before = wrong("queue", "--json").json
    for command in ("set api built", "lock x", "send hello"):
        said = wrong(*command.split())
        assert (said.code, "speaks http, not https" in said.err) == (2, True)
    assert wrong("queue", "--json").json == before
    assert wrong("queue", "--rejected").out == ""


def test_behind_a_proxy_the_address_has_a_path(me: Person) -> None:
    with answering(200, {"status": "ok"}, X_Coord_Server="1") as url:
        assert me.at(f"{url}/tools")("sync").code == 0


def test_a_missing_token_is_told_with_the_file_that_it_belongs_into(
    me: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    refusal = {"detail": "The token is missing.", "error": "forbidden"}
    with answering(403, refusal, X_Coord_Server="1") as url:
        result = me.at(url)("locks")
    assert result.code == 1
    assert (
        f"write it into {tmp_path}/config/coord/token, or name its file in COORD_TOKEN_FILE"
        in result.err
    )
