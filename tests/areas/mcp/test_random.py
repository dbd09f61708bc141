"""Random messages, and random arguments for every tool: never a bug, always an answer in the shape
that its kind has.
"""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from config.default import BUILT_IN_AREAS
from coord.area import Tool
from coord.plugins import find
from tests.areas.mcp.conftest import McpAgent
from tests.conftest import Agent
from tests.web.test_random_requests import SESSIONS, anything, likely, odd_text

TOOLS = [tool for area in find(BUILT_IN_AREAS, ()) for tool in area.tools]
ACTIONS = ["claim", "list", "add", "update", "workflows", "add_workflow", "update_workflow"]


def arguments(tool: Tool) -> st.SearchStrategy[dict[str, Any]]:
    """Each likely, or anything, or left out; and now and then one that there is none of.

    Without `wait`, which takes as long as it says.
    """
    names = [name for name in tool.arguments if name not in ("session_id", "wait")]
    action = {"action": st.sampled_from(ACTIONS)} if "action" in names else {}
    sound = st.fixed_dictionaries(
        {"session_id": st.sampled_from(SESSIONS), **action},
        optional={n: likely for n in names if n not in action},
    )
    wild = st.fixed_dictionaries(
        {}, optional={name: st.one_of(likely, anything) for name in ("session_id", *names)}
    )
    return st.one_of(
        sound,
        wild,
        st.tuples(wild, st.dictionaries(odd_text, anything, max_size=2)).map(
            lambda two: {**two[1], **two[0]}
        ),
    )


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@settings(max_examples=40)
@given(data=st.data())
def test_any_arguments_get_a_result(database_app: Flask, tool: Tool, data: st.DataObject) -> None:
    mcp = McpAgent(Agent(database_app.test_client()))
    result = mcp.use(tool.name, **data.draw(arguments(tool)))
    told = result["structuredContent"]
    assert told.get("error") != "internal", told
    assert result["isError"] == ("error" in told)
    assert "method_not_allowed" not in json.dumps(told)


@settings(max_examples=200)
@given(
    message=st.one_of(
        anything,
        st.fixed_dictionaries(
            {
                "jsonrpc": st.just("2.0"),
                "method": st.one_of(
                    st.sampled_from(["tools/list", "tools/call", "initialize", "ping"]), odd_text
                ),
            },
            optional={"id": anything, "params": anything},
        ),
    )
)
def test_any_message_gets_an_answer(without_database: McpAgent, message: Any) -> None:
    answer = without_database.post(message)
    if answer.status_code == 202:
        assert answer.data == b""
        assert "id" not in message
        return
    assert answer.status_code in (200, 400)
    assert answer.json["jsonrpc"] == "2.0"
    assert ("result" in answer.json) != ("error" in answer.json)
