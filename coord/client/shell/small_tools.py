"""What small programs write by rules of their own: `chmod`, `dd`, `split`, `touch`, `gpg`."""

from __future__ import annotations

import os

from coord.client.paths import nearest_file
from coord.client.shell.options import parse_arguments
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command


def _dd(walk: Walk, words: list[Value], command: Command) -> None:
    for word in words:
        if word.text.startswith("of="):
            walk.write(word.after("of="))


def _attributes(walk: Walk, words: list[Value], command: Command) -> None:
    """`chmod -R go-w src`: the mode, which may look like an option, and what it is for."""
    args = parse_arguments(words, frozenset(("--reference", "--from")))
    if args.has(("--help", "--version")):
        return
    has_mode = args.has(("--reference",)) or any(
        word.text[:1] == "-" and _is_mode(word.text[1:]) and word.text != "-R" for word in words
    )
    is_deep = any(option in ("-R", "--recursive") for option in args.options)
    for value in args.plain if has_mode else args.plain[1:]:
        path = walk.path(value)
        if is_deep or path is None or not os.path.isdir(path):
            is_itself = args.has(("-h", "--no-dereference"))
            walk.write(value, whole_folders=True, replaces_links=is_itself)


def _is_mode(text: str) -> bool:
    """Of `-x`, which takes away; `chmod` has no such options."""
    return bool(text) and set(text) <= set("rwxXstugo,+-=ai")


def _split(walk: Walk, words: list[Value], command: Command) -> None:
    """Into files that begin with what it is given."""
    values = frozenset("-a -b -C -l -n --lines --bytes --number --filter -t".split())
    args = parse_arguments(words, values)
    _pieces(walk, args.plain[1].text if args.plain[1:] else "x")


def _csplit(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, frozenset("-f --prefix -b --suffix-format -n --digits".split()))
    named = args.value(("-f", "--prefix"))
    _pieces(walk, named.text if named is not None else "xx")


def _pieces(walk: Walk, prefix: str) -> None:
    folder = walk.path(Value(os.path.dirname(prefix) or "."))
    name = os.path.basename(prefix)
    if folder is not None:
        walk.change_tree(folder, (f"{name}*",) if name else ())


def _touch(walk: Walk, words: list[Value], command: Command) -> None:
    """It makes files; the time of one that is there is nobody's."""
    args = parse_arguments(words, frozenset("-d --date -r --reference -t --time".split()))
    for word in [] if args.has(("-c", "--no-create")) else args.plain:
        path = walk.path(word)
        if path is None or not os.path.lexists(path):
            walk.write(word)


def _mkdir(walk: Walk, words: list[Value], command: Command) -> None:
    """What comes there later comes into a folder."""
    for word in parse_arguments(words, frozenset(("-m", "--mode"))).plain:
        path = walk.path(word)
        if path is not None:
            walk.new_folders.add(path)


_KEY_LOOKS = ("-l", "-y", "-B", "-F", "-R", "-H", "-e", "-i", "-L", "-p", "-c", "-s", "-k", "-Q")


def _ssh_keygen(walk: Walk, words: list[Value], command: Command) -> None:
    """The public half of a key, or its certificate, beside it."""
    args = parse_arguments(words, frozenset("-f -t -b -N -C -P -m -Z -I -n -O -s -V -z".split()))
    file = args.value(("-f",))
    if file is not None and not args.has(_KEY_LOOKS):
        walk.write(Value(f"{file.text}.pub", file.beginning))
    for word in args.plain if args.has(("-s",)) else ():
        walk.write(Value(f"{word.text.removesuffix('.pub')}-cert.pub", word.beginning))


_GPG_VALUES = frozenset(
    "-r --recipient -R --hidden-recipient -F --hidden-recipient-file -f --recipient-file -u"
    " --local-user --default-key -o --output --passphrase --passphrase-file --passphrase-fd"
    " --pinentry-mode --homedir --keyring --trust-model --cipher-algo --digest-algo -z"
    " --compress-algo --s2k-mode --s2k-count --set-filename --status-fd --logger-fd".split()
)
_GPG_MAKES = (
    (("-b", "--detach-sign", "--detach-sig"), ".sig"),
    (("--clear-sign", "--clearsign"), ".asc"),
    (("-c", "--symmetric", "-e", "--encrypt", "-s", "--sign", "--encrypt-files"), ".gpg"),
)
_GPG_QUIET = frozenset(("--yes", "--batch", "--quiet", "-q", "--verbose", "-v", "--no-tty"))
_GPG_ENDINGS = (".gpg", ".asc", ".sig", ".pgp")


def _gpg(walk: Walk, words: list[Value], command: Command) -> None:
    """`gpg -c f` leaves `f.gpg` beside it, `gpg f.gpg` what is in it."""
    args = parse_arguments(words, _GPG_VALUES)
    if args.has(("-o", "--output")):
        return
    ending = next((ending for options, ending in _GPG_MAKES if args.has(options)), "")
    if ending and args.has(("-a", "--armor")):
        ending = ".asc"
    opens = {*args.options} <= {*_GPG_QUIET, *args.values} or args.has(("--decrypt-files",))
    for word in args.plain:
        if ending:
            walk.write(Value(word.text + ending, word.beginning))
        elif opens and word.text.endswith(_GPG_ENDINGS):
            walk.write(Value(word.text[:-4], word.beginning))


def _zmv(walk: Walk, words: list[Value], command: Command) -> None:
    """`zmv 'src/(*).txt' 'src/$1.md'`: what is in the folders of both patterns."""
    args = parse_arguments(words, frozenset(("-o", "-p", "-P")))
    for word in [] if args.has(("-n",)) else args.plain[:2]:
        start = next((at for at, sign in enumerate(word.text) if sign in "*?[($<"), len(word.text))
        walk.write(Value(f"{word.text}…", word.text[:start]))


def _ctags(walk: Walk, words: list[Value], command: Command) -> None:
    if words and not any(word.text[:2] in ("-f", "-o") for word in words):
        walk.write(Value("tags"))


_PULUMI_CONFIG = {
    "config": ("set", "set-all", "rm", "rm-all", "cp", "refresh", "env"),
    "stack": ("init", "change-secrets-provider"),
}
_PULUMI_SAVING = ("up", "update", "preview", "refresh", "destroy", "watch")  # with `-c`


def _pulumi(walk: Walk, words: list[Value], command: Command) -> None:
    """The settings of a stack are in a file of its own, beside `Pulumi.yaml`."""
    values = "-s --stack -C --cwd --config-file -c --config --dest -d --color -m --message"
    args = parse_arguments(words, frozenset(values.split()))
    verbs = [word.text for word in args.plain[:2]]
    is_config = verbs[1:] and verbs[1] in _PULUMI_CONFIG.get(verbs[0], ())
    is_saving = verbs and verbs[0] in _PULUMI_SAVING and args.has(("-c", "--config"))
    if not is_config and not is_saving:
        return
    file, into = args.value(("--config-file",)), args.value(("-C", "--cwd"))
    if file is not None:
        walk.write(file)
        return
    folder = (walk.path(into) if into is not None else None) or walk.folder
    project = nearest_file(folder, ("Pulumi.yaml", "Pulumi.yml"))
    options = ("--dest", "-d") if verbs[1:] == ["cp"] else ("-s", "--stack")
    stack = args.value(options) or (args.plain[2] if verbs == ["stack", "init"] else None)
    name = stack.text.rpartition("/")[2] if stack is not None and stack.is_known else "*"
    place = os.path.join(os.path.dirname(project) or folder, f"Pulumi.{name}.yaml")
    walk.write(Value(place, "" if name == "*" else None, is_pattern=name == "*"))


TOOLS = {
    **dict.fromkeys(("chmod", "chown", "chgrp", "chattr", "chcon"), _attributes),
    "csplit": _csplit,
    "ctags": _ctags,
    "dd": _dd,
    "gpg": _gpg,
    "gpg2": _gpg,
    "mkdir": _mkdir,
    "pulumi": _pulumi,
    "split": _split,
    "ssh-keygen": _ssh_keygen,
    "touch": _touch,
    **dict.fromkeys(("zmv", "zcp", "zln"), _zmv),
}
