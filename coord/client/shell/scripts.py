"""What a script does that stands in a command line: `python -c`, a here-document.

It is not understood. Where it has a call that writes, every file of the disk that it names may be
the one; where it runs a command, that stands there as a text, or as a list of texts.
"""

from __future__ import annotations

import os

from coord.client.paths import path_in

MAX_NAME = 300  # characters of a file's name
MAX_NAMES = 2000  # that are looked for
MAX_FILES = 50
MAX_COMMANDS = 50
_WRITES = (
    ".write(",
    "write_text(",
    "write_bytes(",
    "writeFile",
    "appendFile",
    "File.write",
    "file_put_contents",
    ".unlink(",
    "unlink ",
    "unlink(",
    "unlinkSync",
    "os.remove(",
    "os.rename(",
    "os.replace(",
    "renameSync",
    "shutil.move(",
    "shutil.copy",
    "copyFile",
    ".writelines(",
    ".truncate(",
    "json.dump(",
    "yaml.dump(",
    "inplace=True",
    "Deno.write",
    "Bun.write",
)
_REMOVES = ("rmtree(", "rmSync(", "fs.rm(", "rm_rf", "remove_dir", "rmdir(", "removedirs(")
_OPENS = (
    "open(",
    "open ",
    "Path(",
    "File(",
    "writeFile",
    "writeFileSync(",
    "appendFile",
    "Bun.write(",
)
_MODES = frozenset("w a x wb ab xb w+ a+ r+ wt at rb+ r+b wb+ ab+ > >> +< +>".split())
"""How a file is opened to be written."""
_RUNS = (
    "system(",
    "system ",
    "popen(",
    "Popen(",
    "subprocess.run(",
    "subprocess.call(",
    "check_call(",
    "check_output(",
    "getoutput(",
    "exec(",
    "exec ",
    "execSync(",
    "execFileSync(",
    "execFile(",
    "spawn(",
    "spawnSync(",
    "passthru(",
    "Command(",
    "%x(",
    "$`",
)
_ARGUMENTS = ("argv", "ARGV", "fileinput", "$1", "Deno.args")
_QUOTES = ("'", '"', "`")


def written(script: str, folder: str, arguments: list[str]) -> tuple[list[str], list[str]]:
    """Paths of files and of folders: those that exist, and those that it opens to write."""
    texts = list(_strings(script))[:MAX_NAMES]
    removes = any(call in script for call in _REMOVES)
    opens = any(text in _MODES or text[:1] == ">" for text in texts) and "open" in script
    if not removes and not opens and not any(call in script for call in _WRITES):
        return [], []
    opened = set(_behind(script, _OPENS))
    if any(name in script for name in _ARGUMENTS):
        opened.update(arguments)
        texts += arguments
    files: dict[str, None] = {}
    folders: dict[str, None] = {}
    for text in texts:
        name = text.lstrip("<>+ ") if text[:1] in "<>+" else text
        path = os.path.normpath(path_in(folder, name))
        try:
            if os.path.isfile(path) or (text in opened and _is_name(name)):
                files[path] = None
            elif removes and os.path.isdir(path) and _is_name(name):
                folders[path] = None
        except ValueError:
            continue
        if len(files) >= MAX_FILES:
            break
    return list(files), list(folders)


def _is_name(text: str) -> bool:
    """Whether a text looks like that of a file, and not like a mode or a sentence."""
    return len(text) > 1 and text not in _MODES and not any(letter.isspace() for letter in text)


def commands(script: str) -> list[list[str]]:
    """What it runs: one line of shell, or a program with its arguments."""
    calls = (*_RUNS, "run(", "call(", "Popen(") if "subprocess" in script else _RUNS
    commands_run = [texts for call in calls for texts in _arguments(script, call)]
    if "`" in script and not any(mark in script for mark in ("const ", "let ", "require(", "=>")):
        commands_run += [[text] for text in script.split("`")[1::2]]
    return commands_run[:MAX_COMMANDS]


def _behind(script: str, calls: tuple[str, ...]) -> list[str]:
    """The first text that each of these calls has."""
    return [texts[0] for call in calls for texts in _arguments(script, call)]


def _arguments(script: str, call: str) -> list[list[str]]:
    """The texts that follow each place where the call stands, one behind the other."""
    calls: list[list[str]] = []
    at = script.find(call)
    while at >= 0 and len(calls) < MAX_COMMANDS:
        at += len(call)
        texts = _texts(script, at)
        if texts:
            calls.append(texts)
        at = script.find(call, at)
    return calls


def _texts(script: str, at: int) -> list[str]:
    """Texts that only commas, blanks and brackets separate."""
    texts: list[str] = []
    while at < len(script):
        letter = script[at]
        if letter in _QUOTES:
            end = script.find(letter, at + 1)
            if end < 0:
                break
            texts.append(script[at + 1 : end])
            at = end + 1
        elif letter in " \t\n,[(" or (letter in "frbF" and script[at + 1 : at + 2] in ("'", '"')):
            at += 1
        else:
            break
    return texts


def _strings(script: str) -> dict[str, None]:
    """What stands in quotes, on one line."""
    strings: dict[str, None] = {}
    for line in script.split("\n"):
        for quote in _QUOTES:
            if quote in line:
                strings.update(
                    dict.fromkeys(
                        each
                        for each in line.split(quote)[1:]
                        if each and len(each) <= MAX_NAME and "\0" not in each
                    )
                )
    return strings
