"""The core of json and socket, beside the modules themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coord.client import lean
from tests.client.pythons import NEW_ENOUGH
from tests.service import ROOT

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text() | st.integers() | st.booleans() | st.none() | st.floats(), inner
        )
    ),
    max_leaves=20,
)


@pytest.fixture(params=["core", "json"], autouse=True, scope="module")
def kind(request: pytest.FixtureRequest) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "json":
            patch.setattr(lean, "_CORE", None)
        yield request.param


def test_the_core_is_used_where_it_is(kind: str) -> None:
    assert (lean._CORE is not None) == (kind == "core")


@given(VALUES, st.booleans())
def test_it_writes_what_json_writes(value: Any, ascii_only: bool) -> None:
    assert lean.dumps(value, ascii_only=ascii_only) == json.dumps(
        value, ensure_ascii=ascii_only, separators=(",", ":")
    )


@given(VALUES, st.sampled_from([None, 2]))
def test_it_reads_what_json_reads(value: Any, indent: int | None) -> None:
    text = f" \n{json.dumps(value, indent=indent)}\t\r\n"
    assert repr(lean.loads(text)) == repr(lean.loads(text.encode())) == repr(json.loads(text))


def test_a_mark_in_front_is_no_part_of_it() -> None:
    """PowerShell 5.1 and Notepad write one into files and pipes."""
    assert lean.loads(b'\xef\xbb\xbf{"a": 1}\r\n') == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "[1,]",
        '{"a"}',
        "{} {}",
        "nul",
        '"\n"',
        '"\\x"',
        "01",
        "1.",
        "\ufeff{}",
        "'a'",
        b"\xff",
        b'"\xed\xa0\x80"',
        "\u00a01",
        "[1]\x00",
    ],
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        json.loads(text.decode("utf-8") if isinstance(text, bytes) else text)
    with pytest.raises(ValueError):
        lean.loads(text)


TORN = r'{"ts":"\u00e9\ud83d\ude00","a":[1,-2.5e3,true,false,null,NaN],"b":{"c":"\\\"d"}}'


@pytest.mark.parametrize("python", NEW_ENOUGH)
def test_a_value_that_was_cut_anywhere_is_a_value_error_on_every_python(python: str) -> None:
    """Without `json` being loaded, as in a hook: the core of 3.10 and 3.11 raises
    SystemError then.
    """
    program = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from coord.client import lean
text = {TORN!r}
for end in range(len(text)):
    try:
        lean.loads(text[:end])
    except ValueError:
        continue
    sys.exit("read: " + text[:end])
assert lean.loads_or_none(text[:5]) is None and lean.loads(text)["b"]
"""
    done = subprocess.run(
        [python, "-I", "-S", "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_nested_too_deeply_is_a_recursion_error() -> None:
    with pytest.raises(RecursionError):
        lean.loads("[" * 200_000)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", {b"x": 1}, {(1,): 2}])
def test_what_json_does_not_know_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError):
        lean.dumps(value)


def test_a_hook_loads_neither_json_nor_what_is_around_it() -> None:
    edit = (
        '{"session_id": "x", "hook_event_name": "PreToolUse", "tool_name": "Edit", "tool_input":'
        ' {"file_path": "a.py"}, "cwd": "."}'
    )
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from coord.client import hook; hook.main([]);"
        " print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, ROOT],
        input=edit.encode(),
        capture_output=True,
        env={"COORD_URL": "http://127.0.0.1:1"},
        cwd="/",
    )
    heavy = {
        "json",
        "re",
        "enum",
        "socket",
        "typing",
        "dataclasses",
        "contextlib",
        "subprocess",
        "pathlib",
        "uuid",
        "datetime",
        "functools",
    }
    assert done.returncode == 0
    assert heavy & set(done.stderr.decode().split()) == set()
