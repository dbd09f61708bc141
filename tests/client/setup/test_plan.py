"""Changes to files: all or none, and in JSON not a byte more than is asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coord.client import user_state
from coord.client.safe_files import make_folders, replace
from coord.client.setup import blocks
from coord.client.setup.json_text import JsonText
from coord.client.setup.plan import CannotChange, Plan
from tests.client.conftest import needs_links


def test_when_one_file_cannot_be_written_all_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "changed").write_text("before")
    (tmp_path / "removed").write_text("before")
    plan = Plan(str(tmp_path))
    plan.write(str(tmp_path / "changed"), "after")
    plan.write(str(tmp_path / "removed"), None)
    plan.write(str(tmp_path / "a" / "b" / "made"), "after")
    plan.write(str(tmp_path / "full"), "after")

    def failing(source: str, target: str, *, folder: int | None = None) -> None:
        if target.endswith("full"):
            raise OSError(28, "No space left on device", target)
        replace(source, target, folder=folder)

    monkeypatch.setattr("coord.client.setup.plan.replace", failing)
    with pytest.raises(
        CannotChange,
        match=r"^full cannot be written: No space left on device. Everything is as it was.$",
    ):
        plan.apply()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "changed": "before",
        "removed": "before",
    }


@pytest.mark.parametrize("before", ["", "\r\n*.log\r\n"], ids=["alone", "before others"])
def test_a_block_behind_a_byte_order_mark_is_coords_all_the_same(
    tmp_path: Path, before: str
) -> None:
    """As Windows PowerShell's `Set-Content -Encoding utf8` leaves a file that began with it."""
    path = tmp_path / ".gitignore"
    text = blocks.HASH.put("", "one")
    path.write_bytes(f"\ufeff{text}{before}".encode())
    plan = Plan(str(tmp_path), user_state.root())
    blocks.put(plan, str(path), blocks.HASH, "two")
    plan.apply()
    assert path.read_text(encoding="utf-8-sig").count("# coord: begin") == 1
    plan = Plan(str(tmp_path), user_state.root())
    blocks.take(plan, str(path), blocks.HASH)
    plan.apply()
    left = path.read_bytes().decode() if path.exists() else ""
    assert left == (f"\ufeff{before}" if before else "")


def test_a_folder_with_none_above_it_is_not_made() -> None:
    with pytest.raises(FileNotFoundError):
        make_folders("Q:\\coord" if os.name == "nt" else "")  # a drive that is not there


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    plan = Plan(str(tmp_path))
    plan.write(str(tmp_path / "a"), "ours")
    (tmp_path / "a").write_text("theirs")
    with pytest.raises(CannotChange, match="changed by another process"):
        plan.apply()
    assert (tmp_path / "a").read_text() == "theirs"


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    (tmp_path / "a").chmod(0o640)
    mode = (tmp_path / "a").stat().st_mode  # of which Windows keeps only whether it may be written
    plan = Plan(str(tmp_path))
    plan.write(str(tmp_path / "a"), "after")
    plan.apply()
    assert ((tmp_path / "a").stat().st_mode, (tmp_path / "a").read_text()) == (mode, "after")


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(CannotChange, match="is not a file"):
        Plan(str(tmp_path)).write(str(tmp_path / "a"), "x")


@needs_links
def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    os.symlink(tmp_path / "gone", tmp_path / "b")
    with pytest.raises(CannotChange, match="does not exist"):
        Plan(str(tmp_path)).write(str(tmp_path / "b"), "x")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


def _containers(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members: Any = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    below = [path for key, inner in members for path in _containers(inner, (*at, key))]
    return [at, *below] if isinstance(value, (dict, list)) else below


@settings(max_examples=300)
@given(
    value=st.dictionaries(st.text(max_size=5), _values, max_size=4),
    indent=st.sampled_from([None, 0, 2, 4, "\t"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    edges=st.sampled_from(["", "\n", "\r\n \n"]),
    data=st.data(),
)
def test_what_is_added_to_json_can_be_taken_out_again_without_a_trace(
    value: dict[str, Any], indent: int | str | None, newline: str, edges: str, data: st.DataObject
) -> None:
    text = (
        edges + json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", newline) + edges
    )
    document = JsonText(text)
    path = data.draw(st.sampled_from(_containers(value)))
    container = document.get(*path)
    key = "new key" if isinstance(container, dict) else None
    document.add(path, {"a": [1, {"b": []}]}, key)
    if isinstance(container, dict):
        assert document.get(*path) == {**container, "new key": {"a": [1, {"b": []}]}}
    else:
        assert document.get(*path) == [*container, {"a": [1, {"b": []}]}]
    document.remove((*path, key if key is not None else len(container)))
    assert document.text == text
