"""What `curl` and `wget` write."""

from __future__ import annotations

import os

from coord.client.shell.options import parse_arguments
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

_CURL_OUTPUTS = "-o --output -D --dump-header -c --cookie-jar --trace --trace-ascii --stderr"
_CURL_UPLOADS = ("-T", "--upload-file")
_CURL_OTHERS = "--etag-save --libcurl --hsts --alt-svc"
CURL_VALUES = frozenset(
    f"{_CURL_OUTPUTS} {_CURL_OTHERS} --output-dir -d -H -X -u -A -b -e -F -T -x -m -w -K -E -U -r"
    " -Q -C -Y -y -z -P --data --data-raw --data-binary --data-urlencode --header --request"
    " --user --form --form-string --upload-file --url --user-agent --cookie --referer --proxy"
    " --max-time --connect-timeout --retry --retry-delay --cacert --cert --key --resolve".split()
)
_WGET_DEEP = ("-r", "--recursive", "-m", "--mirror", "-p", "--page-requisites", "-x")
_WGET_VALUES = frozenset(
    "-O --output-document -P --directory-prefix -o --output-file -a --append-output -e -U -t -T -i"
    " --header --post-data --post-file --body-data --body-file --method --user --password".split()
)


def _curl(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, CURL_VALUES)
    named = args.value(("--output-dir",))
    into = named.text if named is not None else ""
    for option in f"{_CURL_OUTPUTS} {_CURL_OTHERS}".split():
        for value in args.values.get(option, []):
            is_in = bool(into) and option in ("-o", "--output")
            walk.write(Value(os.path.join(into, value.text)) if is_in else value)
    if args.has(("-O", "--remote-name", "--remote-name-all")):
        _download(walk, words, into)
    sent = [value for option in _CURL_UPLOADS for value in args.values.get(option, [])]
    for url in [*args.plain, *args.values.get("--url", [])]:
        for source in sent:
            _upload(walk, source, url)


def _upload(walk: Walk, source: Value, url: Value) -> None:
    """`curl -T app.py file:///srv/`: to a file of this machine."""
    path = url.after("file://localhost" if url.text.startswith("file://localhost/") else "file://")
    if url.text.startswith("file://"):
        name = os.path.basename(source.text) if path.text.endswith("/") else ""
        walk.write(Value(path.text + name, path.beginning))


def _wget(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, _WGET_VALUES)
    for option in "-O --output-document -o --output-file -a --append-output".split():
        for value in args.values.get(option, []):
            walk.write(value)
    if args.has(("-O", "--output-document", "--spider")):
        return
    named = args.value(("-P", "--directory-prefix"))
    into = named.text if named is not None else ""
    if args.has(_WGET_DEEP):  # into a folder for each host
        for word in args.plain:
            host = word.text.rpartition("://")[2].partition("/")[0]
            folder = walk.path(Value(os.path.join(into, host)))
            if folder is not None:
                walk.change_tree(folder)
        return
    _download(walk, args.plain, into, otherwise="index.html")


def _download(walk: Walk, words: list[Value], folder: str, otherwise: str = "") -> None:
    """Into files that are called as on the server, or as is said for those without a name."""
    for word in words:
        scheme, marks, rest = word.text.partition("://")
        name = rest.partition("?")[0].partition("/")[2].rpartition("/")[2] or otherwise
        if marks and scheme.isalpha() and name and word.is_known:
            walk.write(Value(os.path.join(folder, name)))


TOOLS = {"curl": _curl, "wget": _wget}
