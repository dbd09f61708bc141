"""Names of resources, whatever they are: one canonical form, one relation, the same in Python and
in both databases.
"""

import itertools
import uuid
from typing import Any

import pytest
from flask import Flask
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from coord.areas.locks.models import RESOURCE_LENGTH
from coord.areas.locks.resources import MAX_STEPS, Resource, canonical
from coord.web.names import problem_of
from tests.conftest import Agent

# Steps that mean something, and characters that sort next to "/": "." before it and "0" after it;
# the first and the last of all.
STEPS = (
    "",
    ".",
    "..",
    "...",
    "**",
    "*",
    "a",
    "b",
    "A",
    "á",
    "a.b",
    "a0",
    "a-",
    "c:",
    "C:",
    " ",
    "a ",
    "\x01",
    "\uffff",
    "\U0010ffff",
    "😀",
)
steps = st.sampled_from(STEPS)
paths = st.lists(steps, min_size=1, max_size=6).flatmap(
    lambda parts: st.lists(st.sampled_from("/\\"), min_size=len(parts), max_size=len(parts)).map(
        lambda slashes: "".join(itertools.chain(*zip(parts, slashes, strict=True)))[
            : -1 if parts[-1] else None
        ]
    )
)
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=30
)
names = st.one_of(
    paths, texts, st.sampled_from(["/", "**", "/**", ".", "..", "git push", "ssh web-1"])
).filter(bool)
askable = names.filter(lambda name: problem_of(name) is None)
claimable = askable.filter(lambda name: not canonical(name).is_pattern)


def spelled(resource: Resource) -> str:
    """A name with this very meaning."""
    return f"{resource.key}/" if resource.tree else resource.key


@given(names)
@example("./C:/x")
@example("C:")
@example("a/**/**")
@example("a/**/.")
@example("a/**/")
@example("**/.")
@example("a/**/./**/..")
@example("/..")
@example("//server/share")
def test_the_canonical_form_is_its_own(name: str) -> None:
    form = canonical(name)
    assert canonical(spelled(form)) == form
    assert len(form.key) <= len(name)
    assert form.key != "/"
    assert not form.key.endswith("/")
    assert "\\" not in form.key
    assert "//" not in form.key[1:]


@given(names, names)
def test_a_detour_changes_nothing(name: str, detour: str) -> None:
    form = canonical(name)
    assume("/" in name)
    assert canonical(name.replace("/", "//")).key == form.key or name.startswith("/")
    assert canonical(name.replace("/", "/./")) == form
    assert canonical(name.replace("/", "\\")) == form


@given(names, names)
def test_overlapping_is_mutual(one: str, other: str) -> None:
    assert canonical(one).overlaps(canonical(other)) == canonical(other).overlaps(canonical(one))
    assert canonical(one).overlaps(canonical(one))


@given(names)
def test_the_root_overlaps_everything(name: str) -> None:
    assert canonical("/").overlaps(canonical(name))
    assert canonical(name).overlaps(canonical("/"))


@given(names, names)
def test_above_and_below_say_what_overlaps_says(one: str, other: str) -> None:
    a, b = canonical(one), canonical(other)
    first, last = a.below
    under = first <= b.key < last  # as the database compares: by code point
    assert a.overlaps(b) == (a.key == b.key or (a.tree and under) or (b.tree and b.key in a.above))


@settings(max_examples=25)
@given(st.lists(claimable, min_size=2, max_size=20), st.lists(askable, min_size=1, max_size=6))
@example(["\U0010ffff", "\U0010ffff\U0010ffff", "a/\U0010ffff"], ["/", "a/", "\U0010ffff/"])
@example(["a", "a/", "a/b", "a.b", "a0", "a-", "A", "a ", "á"], ["a/", "a", "a/b", "A/", "a /"])
@example(["x" * RESOURCE_LENGTH, "x/" * MAX_STEPS], ["x/", "/"])
def test_the_database_finds_what_a_claim_would_overlap(
    database_app: Flask, stored: list[str], asked: list[str]
) -> None:
    agent = Agent(database_app.test_client())
    project = str(uuid.uuid4())
    granted = agent.post(
        "/locks", project_key=project, session_id="a", resources=stored, mode="shared"
    )
    assert granted.status_code == 201, granted.json
    held = {lock["resource"] for lock in granted.json["items"]}
    for name in asked + stored[:3]:
        found = agent.get("/locks", project_key=project, resource=name, limit=500)
        assert {lock["resource"] for lock in found.json["items"]} == {
            each for each in held if canonical(each).overlaps(canonical(name))
        }


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]), claimable, st.sampled_from(["exclusive", "shared"])
        ),
        min_size=2,
        max_size=12,
    )
)
def test_a_claim_is_refused_if_and_only_if_it_overlaps_anothers(
    database_app: Flask, claims: list[tuple[str, str, str]]
) -> None:
    agent = Agent(database_app.test_client())
    project = str(uuid.uuid4())
    held: dict[tuple[str, Resource], tuple[str, str]] = {}
    for session, name, mode in claims:
        answer = agent.post(
            "/locks", project_key=project, session_id=session, resource=name, mode=mode
        )
        form = canonical(name)
        own = held.get((session, form))
        against = {
            spelling
            for (holder, other), (spelling, its_mode) in held.items()
            if holder != session and other.overlaps(form) and "exclusive" in (mode, its_mode)
        }
        if against and not (own and own[1] == "exclusive"):
            assert answer.status_code == 409, (name, against)
            assert {lock["resource"] for lock in answer.json["conflicts"]} == against
        else:
            assert answer.status_code == (200 if own else 201), answer.json
            stronger = "exclusive" if "exclusive" in (mode, own[1] if own else mode) else "shared"
            held[session, form] = (own[0] if own else name, stronger)


@pytest.mark.parametrize(
    ("name", "key", "tree"),
    [
        ("a", "a", False),
        ("./a//b/./c", "a/b/c", False),
        ("a\\b", "a/b", False),
        ("C:\\Users\\x", "c:/Users/x", False),
        ("src/", "src", True),
        ("src/**", "src", True),
        ("src/**/.", "src", True),
        ("src/**/", "src", True),
        ("/", "", True),
        ("/**", "", True),
        ("**", "", True),
        ("a/../b", "b", False),
        ("../b", "../b", False),
        ("git push", "git push", False),
    ],
)
def test_the_usual_names(name: str, key: str, tree: bool) -> None:
    assert canonical(name) == Resource(key, tree)


def test_a_longer_name_is_refused_before_it_is_compared(web: Agent) -> None:
    body: dict[str, Any] = {
        "project_key": "shop",
        "session_id": "a",
        "resource": "x" * (RESOURCE_LENGTH + 1),
    }
    assert web.post("/locks", **body).status_code == 422
