"""Random bodies for every write and random cursors for every list: never a 500, always an answer
that the document names.
"""

import base64
import json
import uuid
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from coord.web.pages import list_name
from tests.conftest import BASE, Agent
from tests.web.conftest import DOCUMENT, LISTS, WITH_BODY, Call

IDS = [str(uuid.UUID(int=number)) for number in range(1, 5)]  # few, so that they meet
SESSIONS = ["a", "host/b", "ä"]
PROJECTS = ["shop", "Shop", "shop "]

odd_text = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            " ",
            "\x00",
            "\ud800",
            "\u202e",
            "\uffff",
            "\U0010ffff",
            "'; --",
            "%",
            "\\",
            "null",
            "x" * 300,
            "é",
            "e\u0301",
        ]
    ),
    st.integers(100, 25_000).map(lambda length: "y" * length),
)
numbers = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 0.1, 2**31, 2**53, 2**63, 1e308, 10**300]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, odd_text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3),
)
likely = st.one_of(
    st.sampled_from(IDS + SESSIONS + PROJECTS),
    st.sampled_from(
        [
            "exclusive",
            "shared",
            "pending",
            "in_progress",
            "completed",
            "active",
            "planning",
            "high",
            "built",
        ]
    ),
    st.sampled_from(
        [
            "2026-01-05T10:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
            "2026-01-05T10:00:00+14:00",
        ]
    ),
    st.sampled_from([0, 0.5, 1, 2, 87600, True, False, None]),
    st.lists(st.sampled_from([*IDS, "src/", "src/a.py"]), max_size=4, unique=True),
)


def bodies(call: Call) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of the call's fields, each likely, or anything, or left out; and now and then a field
    that is none.
    """
    # which would take as long as it says
    names = [name for name in resolved(call)["properties"] if name != "wait"]
    known = st.fixed_dictionaries(
        {}, optional={name: st.one_of(likely, likely, anything) for name in names}
    )
    sound = st.fixed_dictionaries(
        {"session_id": st.sampled_from(SESSIONS)} if "session_id" in names else {},
        optional={name: likely for name in names if name != "session_id"},
    )
    return st.one_of(
        sound,
        known,
        st.tuples(known, st.dictionaries(odd_text, anything, max_size=2)).map(
            lambda two: {**two[1], **two[0]}
        ),
    )


def resolved(call: Call) -> Any:
    reference = call.operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]


def fits(call: Call, answer: Any) -> None:
    """The answer is one that the document names, and like its schema."""
    assert answer.status_code < 500, answer.get_data(as_text=True)
    documented = call.operation["responses"][str(answer.status_code)]
    if "$ref" in documented:
        documented = DOCUMENT["components"]["responses"][documented["$ref"].rpartition("/")[2]]
    content = documented.get("content")
    if content is None:
        assert not answer.data
        return
    assert answer.mimetype in content
    schema = {**content[answer.mimetype].get("schema", {}), "components": DOCUMENT["components"]}
    assert [
        f"{error.instance_path} {error.message}"
        for error in Draft202012Validator(schema).iter_errors(answer.json)
    ] == []


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
@settings(max_examples=40)
@given(data=st.data())
def test_any_body_gets_an_answer_that_is_documented(
    database_app: Flask, call: Call, data: st.DataObject
) -> None:
    agent = Agent(database_app.test_client())
    path = call.template.removeprefix("/api/coord")
    for name in path.split("{")[1:]:
        variable = name.partition("}")[0]
        path = path.replace(
            f"{{{variable}}}",
            data.draw(
                st.sampled_from(IDS if variable.endswith("_id") else ["shop", "web%2Fapi", "ä"])
            ),
        )
    fits(call, agent.call(call.method, path, data.draw(bodies(call))))


@pytest.mark.parametrize("call", LISTS, ids=str)
@settings(max_examples=30)
@given(
    text=st.one_of(
        st.text(max_size=40),
        st.binary(max_size=40).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    )
)
def test_any_text_is_a_cursor_or_refused(web_app: Flask, call: Call, text: str) -> None:
    answer = Agent(web_app.test_client()).call(
        call.method, call.path, query_string={"cursor": text, "session_id": "a"}
    )
    fits(call, answer)


@pytest.mark.parametrize("call", LISTS, ids=str)
@settings(max_examples=30)
@given(
    keys=st.lists(
        st.one_of(st.integers(), st.sampled_from([0, 1, 2**31, 2**53, 2**63 - 1, -(2**63) + 1])),
        max_size=4,
    )
)
def test_any_key_is_a_place_in_the_list_or_refused(
    database_app: Flask, call: Call, keys: list[int]
) -> None:
    """A cursor is no secret: one that was made up is a place in the list, as any."""
    agent = Agent(database_app.test_client())
    for kind in kinds(call):
        with database_app.test_request_context(f"{BASE}{call.path}"):
            named = list_name(kind)
        text = base64.urlsafe_b64encode(json.dumps([named, *keys]).encode()).decode().rstrip("=")
        answer = agent.call(
            call.method, call.path, query_string={"cursor": text, "session_id": "a", "limit": "2"}
        )
        fits(call, answer)


def kinds(call: Call) -> list[str]:
    words = call.template.removeprefix("/api/coord/").split("/")
    return [
        words[0],
        words[-1],
        words[0].replace("-", "_"),
        f"{words[0].removesuffix('s')}_{words[-1]}",
        call.operation["operationId"],
    ]


@settings(max_examples=15)
@given(sizes=st.lists(st.integers(1, 7), min_size=1, max_size=10), count=st.integers(0, 15))
def test_pages_of_any_size_show_each_item_once_and_in_order(
    database_app: Flask, sizes: list[int], count: int
) -> None:
    agent = Agent(database_app.test_client())
    project = str(uuid.uuid4())
    for number in range(count):
        stored = (
            agent.put(
                "/components",
                project_key=project,
                component=f"c{number}",
                state="built",
                updated_by="a",
            ),
            agent.post(
                "/messages", from_session="a", project_key=project, subject="s", body=str(number)
            ),
            agent.post("/locks", session_id="a", project_key=project, resource=f"r{number}"),
        )
        assert [answer.status_code for answer in stored] == [201, 201, 201], [
            answer.json for answer in stored
        ]
    for path, name in (("/components", "component"), ("/messages", "body"), ("/locks", "resource")):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        for step in range(100):
            page = agent.get(
                path, project_key=project, limit=sizes[step % len(sizes)], **cursor
            ).json
            seen += [item[name].lstrip("cr") for item in page["items"]]
            if page["next_cursor"] is None:
                break
            assert len(page["items"]) == sizes[step % len(sizes)]
            cursor = {"cursor": page["next_cursor"]}
        assert seen == [str(number) for number in reversed(range(count))]
