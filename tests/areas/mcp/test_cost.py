"""What the tools cost: every agent that connects pays for the list in each of its sessions."""

import json

import pytest

from config.default import BUILT_IN_AREAS
from coord.plugins import find
from tests.areas.mcp.conftest import McpAgent

MAX_TOOLS = 8
MAX_TOKENS = 2000
# schemas like these take 4.3 bytes a token in two public vocabularies (o200k, cl100k); others
# differ, but not by a third
BYTES_PER_TOKEN = 3


def test_the_tools_are_few_and_coarse() -> None:
    names = [tool.name for area in find(BUILT_IN_AREAS, ()) for tool in area.tools]
    assert names == ["lock", "unlock", "locks", "component", "work", "send", "inbox", "checkin"]
    assert len(names) <= MAX_TOOLS


def test_their_schemas_take_less_than_two_thousand_tokens(without_database: McpAgent) -> None:
    tools = without_database.ask("tools/list").json["result"]["tools"]
    assert len(json.dumps(tools, separators=(",", ":")).encode()) / BYTES_PER_TOKEN < MAX_TOKENS


def test_each_says_what_it_does_and_takes(without_database: McpAgent) -> None:
    for tool in without_database.ask("tools/list").json["result"]["tools"]:
        schema = tool["inputSchema"]
        assert tool["description"].endswith(".")
        assert (schema["type"], schema["additionalProperties"]) == ("object", False)
        assert {"session_id", "project_key"} <= set(schema["properties"])
        # the client may have said it once and for all
        assert "session_id" not in schema.get("required", ())
        for name, each in schema["properties"].items():
            assert {"type"} <= set(each) <= {"type", "enum", "items", "description"}, name
            assert None not in each.get("enum", ()), name


@pytest.mark.parametrize(
    ("tool", "name", "kind"),
    [("component", "notes", ["string", "null"]), ("lock", "description", "string")],
)
def test_null_is_offered_only_where_it_means_something(
    without_database: McpAgent, tool: str, name: str, kind: object
) -> None:
    tools = {
        each["name"]: each for each in without_database.ask("tools/list").json["result"]["tools"]
    }
    assert tools[tool]["inputSchema"]["properties"][name]["type"] == kind


def test_what_must_be_given_is_said(without_database: McpAgent) -> None:
    tools = {
        each["name"]: each["inputSchema"].get("required")
        for each in without_database.ask("tools/list").json["result"]["tools"]
    }
    assert {name: needed for name, needed in tools.items() if needed} == {
        "work": ["action"],
        "send": ["subject", "body"],
    }


def test_what_only_reads_says_so(without_database: McpAgent) -> None:
    tools = without_database.ask("tools/list").json["result"]["tools"]
    assert [
        tool["name"] for tool in tools if tool.get("annotations") == {"readOnlyHint": True}
    ] == ["locks"]
