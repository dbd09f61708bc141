"""Options that name what a program writes: `-o FILE`, `--output=FILE`, `of=FILE`.

They mean the same to so many programs that no table has to know each. A value counts only where
it looks like a file's name: `-o yaml` is none.
"""

from __future__ import annotations

import os

from coord.client.shell.program import HARMLESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Value

_NAMES = frozenset(
    "o out outfile outpath outdir outdirectory output outputfile outputpath outputdir"
    " outputdirectory outputfolder outputfilename junitxml exportfilename exportpath reportfile"
    " logfile logpath screenshot printtopdf coverprofile cpuprofile memprofile blockprofile"
    " mutexprofile trace soutputfile femitbin savehar outputjson saveto dumpto writeto writeout"
    " htmlreport xmlreport declarationdir pythonout grpcpythonout goout javaout cppout jsout"
    " csharpout phpout rubyout kotlinout objcout dartout swiftout tsout gogrpcout rbiout".split()
)
"""Of options, in lower case and without dashes."""
_OTHERWISE = frozenset(
    "ssh scp sftp rsync mount umount ps top ls grep egrep fgrep zgrep rg ag ack find test [ [["
    " kubectl oc aws gcloud lsof netstat ss column cut unzip tar zip ln cp mv chown useradd"
    " usermod groupadd install apt apt-get dpkg git od xargs fuser zfs lsblk systemctl journalctl"
    " nmcli ip getopt iostat mdadm strings nm objdump readelf pgrep pkill pytest py.test file"
    " sysctl hexdump tail mkfs set tmux flock sshfs curl mtr traceroute autossh ssh-copy-id mosh"
    " echo printf coord".split()
)
"""Programs that mean something else by `-o`, or that a table has with all that they write."""
_TABLED = frozenset(("curl", "wget"))
"""Those that join what two of their options say."""
_NO_FILE = frozenset("={}$(),;|<>\"'`*?")


def write_outputs(walk: Walk, name: str, words: list[Value]) -> None:
    if name in _TABLED or any(word.text in HARMLESS for word in words):
        return
    has_short = name not in _OTHERWISE
    for index, word in enumerate(words):
        if word.text == "--":
            return
        value = _value(word, words[index + 1 :]) if has_short or word.text[:2] != "-o" else None
        if value is not None and _is_file(walk, value):
            walk.write(value, whole_folders=True)


def _value(word: Value, behind: list[Value]) -> Value | None:
    text = word.text
    if text.startswith("of="):
        return word.after("of=")
    if text[:1] != "-" or len(text) < 2:
        return None
    option, equals, _ = text.partition("=")
    if option.lstrip("-").lower().replace("-", "").replace("_", "") in _NAMES:
        return word.after(f"{option}=") if equals else next(iter(behind), None)
    if text[:2] == "-o" and ("/" in text or "." in text):
        return word.after("-o:" if text[2] == ":" else "-o")
    return None


def _is_file(walk: Walk, value: Value) -> bool:
    if not value.is_known:
        return bool(value.beginning)
    text = value.text
    if text[:1] in ("", "-", ".") and text[1:2] not in (".", "/", "\\"):
        return False
    if not _NO_FILE.isdisjoint(text) or ":" in text[2:]:
        return False
    ending = os.path.splitext(text)[1][1:]
    is_named = "/" in text or "\\" in text or (ending.isalnum() and not ending.isdecimal())
    return is_named or os.path.lexists(walk.path(value) or text)
