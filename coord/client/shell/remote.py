"""Which host a program like ssh or rsync works on."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.words import Value

REMOTE = frozenset(
    "ssh scp sftp rsync mosh autossh sshfs ssh-copy-id plink pscp psftp lftp ftp".split()
)
REMOTE_VALUES = frozenset(f"-{letter}" for letter in "bcDEeFIiJLlmOopQRSWwPB")
REMOTE_HARMLESS = frozenset(("-G", "-V", "-Q", "--dry-run", "--version", "--list-only"))
_RSYNC_VALUES = frozenset(
    "-e --rsh --exclude --include -f --filter -T --chmod --bwlimit --port --timeout --rsync-path"
    " --exclude-from --files-from --include-from -B --out-format --log-file --link-dest".split()
)
_WITHOUT_COLON = frozenset(
    "ssh mosh sftp autossh ssh-copy-id plink psftp lftp ftp".split()  # what is behind it is a path
)
_OTHER_VALUES = {"rsync": _RSYNC_VALUES, "autossh": REMOTE_VALUES | {"-M"}}
_OTHER_VALUES["lftp"] = frozenset("-e -c -f -u -p --rcfile".split())


def hosts(program: str, words: list[Value]) -> list[str]:
    """The same names for whichever user; none where it only looks, or copies on this machine."""
    values = _OTHER_VALUES.get(program, REMOTE_VALUES)
    texts = [word.text for word in words]
    if any(text in REMOTE_HARMLESS for text in texts):
        return []
    at = 0
    named: list[str] = []
    while at < len(texts):
        text = texts[at]
        if text in values or (
            len(text) > 2
            and text[:1] == "-"
            and text[1] != "-"
            and (f"-{text[-1]}" in values and f"{text[:2]}" not in values)
        ):
            at += 1
        elif text.startswith("-") and len(text) > 1:
            if program == "rsync" and text[1] != "-" and "n" in text:
                return []
        else:
            host = None if "git@" in text else _host(program, text)
            named += [host] if host is not None else []
            if program in _WITHOUT_COLON:
                break
        at += 1
    return named


def _host(program: str, word: str) -> str | None:
    for scheme in ("ssh://", "sftp://", "scp://", "rsync://", "ftp://"):
        if word.startswith(scheme):
            return word[len(scheme) :].partition("/")[0].rpartition("@")[2].partition(":")[0]
    bare = word.rpartition("@")[2]
    if bare[:1] == "[" and "]" in bare:  # an address of IPv6
        return bare[1:].partition("]")[0]
    name, colon, _ = bare.partition(":")
    if program in _WITHOUT_COLON:
        return name or None
    is_remote = colon and "/" not in name and len(name) > 1  # `C:\\` is a drive
    return name if is_remote else None
