"""What runs others on Windows by rules of its own: PowerShell as a program, and its commands that
start programs or work on other machines.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command, Value

_WITH_VALUE = (
    "executionpolicy ep workingdirectory wd windowstyle outputformat of inputformat if version"
    " configurationname configurationfile custompipename settingsfile psconsolefile"
).split()
_START = frozenset(("start-process", "saps", "start"))
_REMOTE = frozenset("invoke-command icm enter-pssession etsn new-pssession nsn".split())
_HOST = frozenset("-computername -cn -hostname -vmname".split())
_PROGRAM = frozenset(("-filepath", "-pspath"))
_FOLDER = frozenset(("-workingdirectory", "/d"))
_OTHERS = ("-verb", "-windowstyle", "-credential", "-redirectstandard", "-rs")  # with a value
_OUTPUTS = ("-redirectstandardo", "-redirectstandarde", "-rso", "-rse")
_SWITCHES = frozenset("-argumentlist -args -wait -nonewwindow -passthru -loaduserprofile".split())


def follow_powershell(walk: Walk, words: list[Value], command: Command) -> bool:
    """`pwsh -NoP -EP Bypass -C "git push"`: parameters may be cut short, in any case. Whether it
    runs something that stands there."""
    index = 0
    while index < len(words):
        text = words[index].text
        if text[:1] not in ("-", "/") or text == "-":
            break
        name = text.lstrip("-/").lower()
        index += 1
        if (name and "encodedcommand".startswith(name)) or name == "ec":
            walk.line_apart(_decoded("".join(word.text for word in words[index:])), "powershell")
            return True
        if name and "command".startswith(name):
            break
        if name and "file".startswith(name):
            walk.follow(words[index:], command)
            return True
        if any(option.startswith(name) for option in _WITH_VALUE):
            index += 1
    if index >= len(words) or words[index].text == "-":
        return False
    walk.line_apart(" ".join(word.text for word in words[index:]), "powershell")
    return True


def _decoded(text: str) -> str:
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(text).decode("utf-16-le", "replace")
    except (Error, ValueError):
        return ""


def run_on_windows(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether it is one of these; what it runs is followed."""
    if name in _START:
        _start_process(walk, words, command)
    elif name == "runas":
        for word in words:
            if word.text[:1] != "/":
                walk.line_apart(word.text, "cmd")
    elif name in _REMOTE:
        for host in _named(words, _HOST) or [word for word in words[:1] if word.text[:1] != "-"]:
            if host.is_known:  # else, most likely, a block that runs here
                walk.need(f"ssh {host.text}")
    else:
        return False
    return True


def _start_process(walk: Walk, words: list[Value], command: Command) -> None:
    """`Start-Process git -ArgumentList push, origin`, and `start "title" /b git push` of cmd."""
    folder, here = _named(words, _FOLDER), walk.folder
    if folder:
        walk.location.enter(walk.path(folder[0]))
    program = _named(words, _PROGRAM)[:1]
    operands: list[Value] = []
    index = 0
    while index < len(words):
        text = words[index].text.lower()
        if text in _PROGRAM or text in _FOLDER or text.startswith(_OTHERS):
            for file in words[index + 1 : index + 2] if text.startswith(_OUTPUTS) else ():
                walk.write(file)
            index += 1
        elif text and text not in _SWITCHES and (program or operands or text[0] not in "-/"):
            operands.append(words[index])
        index += 1
    inner = [*program, *operands]
    if len(inner) == 2 and " " in inner[1].text:  # `-ArgumentList "push origin"`
        walk.line_apart(f"{inner[0].text} {inner[1].text}", "powershell")
    elif inner:
        walk.follow(inner, command)
    walk.location.folder = here


def _named(words: list[Value], parameters: frozenset[str]) -> list[Value]:
    return [
        words[index + 1] for index, word in enumerate(words[:-1]) if word.text.lower() in parameters
    ]
