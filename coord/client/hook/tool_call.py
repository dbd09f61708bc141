"""What a tool is about to do, whatever an agent calls the tool: the files that it changes, or the
line of shell that it runs. No other module of the hooks knows a tool by its name.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.hook.event import HookEvent

EDITS = ("Edit", "Write", "MultiEdit", "NotebookEdit")
SHELLS = {"Bash": "posix", "PowerShell": "powershell"}
MCP = "mcp__"
MCP_EDITS = frozenset(
    "write_file edit_file create_file move_file delete_file rename_file copy_file append_file"
    " write_files edit_files save_file remove_file overwrite_file modify_file update_file"
    " create_text_file write_text_file replace_in_file str_replace str_replace_editor"
    " edit_block insert_text insert_at_line replace_lines delete_lines replace_content"
    " replace_regex replace_symbol_body insert_after_symbol insert_before_symbol rename_symbol"
    " replace_text_in_file create_new_file apply_patch apply_edit apply_edits multi_edit write"
    " edit patch_file move_files delete_files create_new_file_with_text".split()
)
"""How the tools of MCP servers are called that change files."""
_PATHS = (
    "file_path",
    "notebook_path",
    "path",
    "filePath",
    "relative_path",
    "relativePath",
    "pathInProject",
    "target_file",
    "filename",
    "file",
    "absolute_path",
    "source",
    "destination",
    "source_path",
    "destination_path",
    "old_path",
    "new_path",
    "from",
    "to",
    "uri",
)
_LISTS = ("files", "paths", "edits", "file_paths", "moves")
_FILE_URI = "file://"
MAX_PATHS = 100


class ToolCall:
    """`edits`: the paths of files. `command`: a line of shell, or None; `shell`: of which.
    `in_background`: it goes on after the tool has answered."""

    __slots__ = ("command", "edits", "in_background", "shell")

    def __init__(self) -> None:
        self.edits: list[str] = []
        self.command: str | None = None
        self.shell = ""
        self.in_background = False


def tool_call(event: HookEvent, config: dict[str, Any]) -> ToolCall:
    """`config`: the table `[hook]`, whose `edit_tools` names more tools."""
    call = ToolCall()
    tool, tool_input = event.text("tool_name"), event.tool_input
    if tool in SHELLS:
        command = tool_input.get("command")
        call.command = command if isinstance(command, str) else None
        call.shell = SHELLS[tool]
        call.in_background = bool(tool_input.get("run_in_background"))
    elif tool in EDITS or _edits(tool, config):
        call.edits = list(dict.fromkeys(_paths(tool_input)))[:MAX_PATHS]
    return call


def _edits(tool: str, config: dict[str, Any]) -> bool:
    named = config.get("edit_tools")
    if isinstance(named, list) and tool in named:
        return True
    return tool.startswith(MCP) and tool.rpartition("__")[2] in MCP_EDITS


def _path_of(uri: str) -> str:
    """`file:///src/a%20b.py` as `/src/a b.py`, `file:///c%3A/src/a.py` as `c:/src/a.py`."""
    from urllib.parse import unquote

    host, _, below = uri[len(_FILE_URI) :].partition("/")
    path = unquote(below, errors="surrogateescape")
    if path[1:2] == ":" and path[:1].isalpha():
        return path
    return f"//{host}/{path}" if host not in ("", "localhost") else f"/{path}"


def _paths(tool_input: dict[str, Any]) -> list[str]:
    paths = []
    for name in _PATHS:
        value = tool_input.get(name)
        if isinstance(value, str) and value:
            paths.append(_path_of(value) if value.startswith(_FILE_URI) else value)
    for name in _LISTS:
        listed = tool_input.get(name)
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, str) and name != "edits":
                paths.append(entry)
            elif isinstance(entry, dict):
                paths += _paths(entry)
    patch = tool_input.get("patch") or tool_input.get("patchText")
    if isinstance(patch, str):
        from coord.client.shell.patches import edited

        paths += edited(patch)
    return paths
