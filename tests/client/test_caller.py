"""The name of a session that nobody named: it tells terminals, agents and other processes apart."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coord.client import caller
from tests.service import ROOT

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="is in test_windows.py: there are no terminals there"
)

WHOAMI = f'"{sys.executable}" -m coord.client whoami -q'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "USER": "ann",
        "COORD_HOST": "web-1",
    }


def names(environment: dict[str, str], program: str) -> list[str]:
    """What a program of that text, which runs coord twice, is called each time; in a session
    without a terminal.
    """
    done = subprocess.run(
        [sys.executable, "-c", program, WHOAMI],
        env=environment,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


AN_AGENT = (
    "import subprocess, sys\nfor _ in range(2): subprocess.run(['sh', '-c', f'cd / && env A=1"
    " {sys.argv[1]}; :'], check=True)"
)


def test_the_commands_of_an_agent_without_an_id_have_one_name_and_those_of_another_have_another(
    environment: dict[str, str],
) -> None:
    first, second = names(environment, AN_AGENT), names(environment, AN_AGENT)
    assert len(set(first)) == 1
    assert len(set(second)) == 1
    assert first != second
    assert first[0].startswith("web-1/ann-")


def test_a_git_hook_has_the_name_of_who_runs_git(
    environment: dict[str, str], tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "shop")], check=True)
    hook = tmp_path / "shop" / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\n{WHOAMI}\nexit 1\n")
    hook.chmod(0o755)
    commits = f"""
import subprocess, sys
subprocess.run(["sh", "-c", sys.argv[1]], check=True)
subprocess.run(["sh", "-c", "cd {tmp_path}/shop; git -c user.name=a -c user.email=a commit -q --allow-empty -m x 2>&1"])
"""  # noqa: E501 (as it is shown)
    direct, through_git = names(environment, commits)
    assert direct == through_git


def on_a_terminal(environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["script", "-qec", f"{WHOAMI} </dev/null | cat", "/dev/null"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_a_terminal_gives_its_name_also_to_a_pipe(environment: dict[str, str]) -> None:
    assert on_a_terminal(environment).startswith("web-1/ann-pts")


@pytest.mark.parametrize(("variable", "agent"), caller.AGENT_IDS)
def test_the_id_of_an_agent_goes_before_its_terminal(
    environment: dict[str, str], variable: str, agent: str
) -> None:
    environment[variable] = "0198c2f4-7b1e-7c3d-9aa0-4242deadbeef"
    assert on_a_terminal(environment) == f"web-1/{agent}-deadbeef"


def test_a_name_that_was_given_goes_before_all(environment: dict[str, str]) -> None:
    environment |= {"COORD_SESSION": "me", "CODEX_SESSION_ID": "0198c2f4-7b1e"}
    assert on_a_terminal(environment) == "me"
