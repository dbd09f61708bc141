"""What a script does that stands in a command line: `python -c`, a here-document.

It is not understood. Where it has a call that writes, every file of the disk that it names may be
the one, in one text or joined of several; where it names none, what is in the folders that it
names. Where it runs a command, that stands there as a text, or as a list of texts.
"""

from __future__ import annotations

import os

from coord.client.paths import is_whole, path_in
from coord.client.shell.links import Links

MAX_NAME = 300  # characters of a file's name
MAX_NAMES = 2000  # that are looked for
MAX_FOLDERS = 20  # in which the others are looked for
MAX_FILES = 50
MAX_COMMANDS = 50
MAX_JOINED = 5  # texts that are one name
_STANDARD = ("sys.stdout.write(", "sys.stderr.write(", "stdout.write(", "stderr.write(")
"""What writes to no file."""
_WRITES = (
    ".write(", ".writelines(", "write_text(", "write_bytes(", ".truncate(",
    "os.remove(", "os.rename(", "os.replace(", "os.chmod(", "os.truncate(", "os.link(",
    ".rename(", "os.symlink(", ".symlink_to(", "symlinkSync(", ".hardlink_to(", ".chmod(",
    "shutil.move(", "shutil.copy",
    "json.dump(", "yaml.dump(", "pickle.dump(", "toml.dump(", "_w.dump(", "inplace=True",
    ".to_csv(", ".to_json(", ".to_parquet(", ".savefig(", ".save(", ".extractall(",
    "unlink", "writeFile", "appendFile", "outputFile", "WriteStream(", "truncateSync(",
    "renameSync", "copyFile", "cpSync(", "fs.cp(", "chmodSync(", "fs.rename(", "fs.move",
    "Deno.write", "Deno.remove", "Deno.rename", "Deno.copyFile", "Bun.write",
    "File.write", "File.delete", "File.rename", "File.truncate", "IO.write", "IO.binwrite",
    "FileUtils.", "File.rm", "File.cp", "Dir.rmdir", "Dir.unlink",
    "rename ", "rename(", "file_put_contents", "truncate ", "truncate(",
    *(f"{call}({quote}" for call in ("copy", "move", "rm", "mv", "cp") for quote in "'\"$"),
    "os.remove", "os.rename", "writeLines(", "write.csv(", "write.table(", "saveRDS(",
    "file.remove(", "file.rename(", "file.copy(", "sink(", "ggsave(", "file delete",
    "file rename", "file copy", "spit ", "write(", "File.rm", "delete-file",
    "rename-file", "copy-file", "write-file", "write-region", "save-buffer", "spurt",
    "urlretrieve(", "FileHandler(", "basicConfig(filename=", ".commit(", "copytree(",
)  # fmt: skip
_REMOVES = ("rmtree(", "rmSync(", "fs.rm(", "rm_r", "remove_dir", "rmdir(", "removedirs(", "rm-rf")
_OPENS = (
    "open(", "open ", "Path(", "File(", "writeFile", "writeFileSync(", "appendFile",
    "Bun.write(", "WriteStream(", "write_text(", "File.write(", "IO.write(", "spit ",
    "file_put_contents(", "writeLines(", "write.csv(", "openSync(", "connect(",
    "FileHandler(", "basicConfig(filename=",
)  # fmt: skip
_MOVES = (
    "rename(", "rename ", "replace(", "renameSync(", "copyFile(", "copyFileSync(", "link(",
    "shutil.copy(", "shutil.copy2(", "shutil.copyfile(", "shutil.move(", "copytree(", "cpSync(",
    "symlink(", "symlinkSync(", "urlretrieve(", "copy(", "move(", "File.rename(", ".cp(", ".mv(",
)  # fmt: skip
"""What has the place that it writes as its second argument."""
_WALKS = ("glob(", "os.walk(", "listdir(", "scandir(", "iterdir(", "readdirSync(", "Dir[", "glob ")
_MODES = frozenset("w a x wb ab xb w+ a+ r+ wt at rb+ r+b wb+ ab+ > >> < +< +>".split())
"""How a file is opened; to be written, but for `<`."""
_RUNS = (
    "system(", "system ", "system-command", "shell-command ", "popen(", "Popen(",
    "subprocess.run(", "subprocess.call(", "check_call(", "check_output(", "getoutput(",
    "exec(", "exec ", "execSync(", "execFileSync(", "execFile(", "spawn(", "spawnSync(",
    "passthru(", "Command(", "%x(", "$`", "os.execute(", "System.cmd(", "shell_exec(",
    "do shell script ", "proc_open(", "(sh ", "(shell ", "run-program ", "system* ", "system2(",
    "Sys.command ", "startProcess(", "process.run(", "qx(", "Open3.capture2(", "capture3(",
)  # fmt: skip
_ARGUMENTS = ("argv", "ARGV", "fileinput", "$1", "Deno.args", "commandArgs", "arg[")
_QUOTES = ("'", '"', "`")
_CLOSERS = {"{": "}", "(": ")", "[": "]", "<": ">"}
_JOINS = (
    "os.path.join(", "path.join(", "path.resolve(", "File.join(", "Path.join(", "pathlib.",
    "PurePath(", "Path(", ".joinpath(", "join(", "file.path(", "os.sep", "path.sep",
    "File::SEPARATOR", "require(", ").join(", ").resolve(", ".join(", ".concat(",
)  # fmt: skip


def paths_written(script: str, folder: str, arguments: list[str]) -> tuple[list[str], list[str]]:
    """Paths of files and of folders: those that exist, and those that it opens to write."""
    for call in _STANDARD:
        script = script.replace(call, "(")
    for module in ("require('path')", 'require("path")'):
        script = script.replace(module, "path")
    texts = list(_strings(script))[:MAX_NAMES]
    removes = any(call in script for call in _REMOVES)
    opens = any(text in _MODES - {"<"} or text[:1] == ">" for text in texts) and "open" in script
    if not removes and not opens and not any(call in script for call in _WRITES):
        return [], []
    opened = {*_behind(script, _OPENS), *(text for text in texts if text[:1] == ">" < text)}
    targets, folders = _moved(script, folder)
    opened.update(targets)
    if any(name in script for name in _ARGUMENTS):
        opened.update(arguments)
        texts += arguments
    names = [*texts, *targets, *_joined(script)]
    files = _files(names, opened, folder)
    for inner in _arguments(script, "chdir(")[:MAX_FOLDERS]:
        files += _files(names, opened, os.path.join(folder, inner[0]))
    named = [path for path in _paths(names, folder) if os.path.isdir(path) and path != folder]
    if not files:  # `os.chdir('src'); os.remove('app.py')`, `f'{folder}/app.py'`
        ends = [text.rpartition("}")[2].lstrip("/") for text in texts]
        for path in named[:MAX_FOLDERS]:
            files += _files(ends[:MAX_FILES], set(), path)
    if removes or not files:
        folders += named + ([] if files else _of_patterns(texts, folder))
    is_unknown = not files and not folders and (opens or removes or _walks_here(script, texts))
    return files[:MAX_FILES], [folder] if is_unknown and not _is_elsewhere(opened) else folders


def _moved(script: str, folder: str) -> tuple[list[str], list[str]]:
    """The second arguments of what moves and copies: names of files, and folders."""
    names: list[str] = []
    folders: list[str] = []
    for source, target in [t[:2] for call in _MOVES for t in _arguments(script, call) if t[1:]]:
        place = os.path.join(folder, target)
        if os.path.isdir(os.path.join(folder, source)):
            folders.append(os.path.normpath(place))
        is_inside = os.path.isdir(place)
        names.append(os.path.join(target, os.path.basename(source)) if is_inside else target)
    return names[:MAX_FILES], folders[:MAX_FOLDERS]


def _walks_here(script: str, texts: list[str]) -> bool:
    return "." in texts and any(call in script for call in _WALKS)


def _is_elsewhere(names: set[str]) -> bool:
    """Whether all that it opens is known, and none of it may be here."""
    return bool(names) and all(is_whole(name.lstrip("<>+ ")) for name in names)


def _files(names: list[str], opened: set[str], folder: str) -> list[str]:
    opened_paths = set(_paths([name for name in opened if _is_name(name)], folder))
    return [
        path
        for path in _paths(names, folder)
        if os.path.isfile(path) or (path in opened_paths and not os.path.isdir(path))
    ][:MAX_FILES]


def _paths(names: list[str], folder: str) -> list[str]:
    """Of what may be a name, without the sign of how it is opened."""
    paths: dict[str, None] = {}
    for text in names:
        name = text.lstrip("<>+ ") if text[:1] in "<>+" else text
        if _is_name(name) and "\0" not in name:
            place = path_in(folder, name)
            paths[Links().place(place)] = paths[os.path.normpath(place)] = None
    return list(paths)


def _of_patterns(texts: list[str], folder: str) -> list[str]:
    """Where `glob('src/*.py')` looks."""
    starts = [text.partition("*")[0] for text in texts if "*" in text]
    folders = _paths([os.path.dirname(start) for start in starts], folder)
    return [path for path in folders if os.path.isdir(path)]


def _is_name(text: str) -> bool:
    """Whether a text looks like that of a file, and not like a mode, a sentence or a form that is
    filled."""
    if len(text) < 2 or text in _MODES or any(mark in text for mark in ("%s", "{", "$")):
        return False
    return not any(letter.isspace() for letter in text)


def commands(script: str) -> list[list[str]]:
    """What it runs: one line of shell, or a program with its arguments."""
    calls = (*_RUNS, "run(", "call(", "Popen(") if "subprocess" in script else _RUNS
    commands_run = [texts for call in calls for texts in _arguments(script, call)]
    if "`" in script and not any(mark in script for mark in ("const ", "let ", "require(", "=>")):
        commands_run += [[text] for text in script.split("`")[1::2]]
    for call in ("execvp(", "execv(", "execvpe(", "execlp(", "execl(", "posix_spawn("):
        commands_run += [texts[1:] for texts in _arguments(script, call) if texts[1:]]
    commands_run += [[text] for call in ("qx", "%x") for text in _delimited(script, call)]
    for text in _strings(script) if "open" in script else ():
        if text[:1] == "|" or text[-1:] == "|":  # Perl's open
            commands_run.append([text.strip("|")])
    for call in (".execute(", ".!"):  # Groovy's and Scala's, behind the text
        commands_run += [[text] for text in _before(script, call)]
    return commands_run[:MAX_COMMANDS]


def _delimited(script: str, call: str) -> list[str]:
    """`qx{make deploy}`, `%x(make deploy)`"""
    texts: list[str] = []
    for piece in script.split(call)[1:MAX_COMMANDS]:
        end = piece.find(_CLOSERS.get(piece[:1], piece[:1]), 1)
        if piece[:1] and not piece[0].isalnum() and end > 0:
            texts.append(piece[1:end])
    return texts


def _before(script: str, call: str) -> list[str]:
    pieces = script.split(call)[:-1][:MAX_COMMANDS]
    return [
        piece[:-1].rpartition(piece[-1])[2] for piece in pieces if piece and piece[-1] in _QUOTES
    ]


def _behind(script: str, calls: tuple[str, ...]) -> list[str]:
    """The name that each of these calls has: its first text, or what that is joined with."""
    first = [texts[0] for call in calls for texts in _arguments(script, call)]
    joined = [
        "/".join(texts)
        for call in (*_JOINS, *calls)
        for texts in _arguments(script, call, joins=True)
        if len(texts) > 1
    ]
    return [*first, *joined]


def _joined(script: str) -> list[str]:
    """Names of several texts that stand side by side: `'src' + '/app.py'`, `'src', 'app.py'`."""
    texts: list[str] = []
    joined: list[str] = []
    at = 0
    while at < len(script) and len(joined) < MAX_NAMES:
        if script[at] not in _QUOTES:
            at += 1
            continue
        texts = _texts(script, at, joins=True)[:MAX_JOINED]
        for end in range(2, len(texts) + 1):
            joined += ["/".join(texts[:end]), "".join(texts[:end]), _filled(texts[:end])]
        end = script.find(script[at], at + 1)
        at = end + 1 if end >= 0 else len(script)
    return [name for name in joined if len(name) <= MAX_NAME]


def _filled(texts: list[str]) -> str:
    """`'src/%s' % 'app.py'`, `'src/{}'.format('app.py')`"""
    text = texts[0]
    for value in texts[1:]:
        for mark in ("%s", "{}"):
            text = text.replace(mark, value, 1)
    return text


def _arguments(script: str, call: str, *, joins: bool = False) -> list[list[str]]:
    """The texts that follow each place where the call stands, one behind the other."""
    calls: list[list[str]] = []
    at = script.find(call)
    while at >= 0 and len(calls) < MAX_COMMANDS:
        at += len(call)
        texts = _texts(script, at, joins=joins)
        if texts:
            calls.append(texts)
        at = script.find(call, at)
    return calls


def _texts(script: str, at: int, *, joins: bool = False) -> list[str]:
    """Texts that only commas, blanks and brackets separate; or what `joins` names."""
    texts: list[str] = []
    between = " \t\n,[()/+%" if joins else " \t\n,[("
    while at < len(script):
        letter = script[at]
        if letter in _QUOTES:
            end = script.find(letter, at + 1)
            if end < 0 or (joins and script[at + 1 : end] in _MODES):
                break
            texts.append(script[at + 1 : end])
            at = end + 1
        elif letter in between or (letter in "frbF" and script[at + 1 : at + 2] in ("'", '"')):
            at += 1
        elif joins:
            step = next((join for join in (*_JOINS, ".format(") if script.startswith(join, at)), "")
            if not step:
                break
            at += len(step)
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
                        text
                        for text in line.split(quote)[1:]
                        if text and len(text) <= MAX_NAME and "\0" not in text
                    )
                )
    return strings
