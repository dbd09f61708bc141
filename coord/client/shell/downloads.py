"""What `curl` and `wget` write."""

from __future__ import annotations

import os

from coord.client.shell.options import parse_arguments
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Walk
    from coord.client.shell.words import Command

_CURL_OUTPUTS = "-o --output -D --dump-header -c --cookie-jar --trace --trace-ascii --stderr"
_CURL_OTHERS = "--etag-save --libcurl --hsts --alt-svc"
CURL_VALUES = frozenset(
    f"{_CURL_OUTPUTS} {_CURL_OTHERS} --output-dir -d -H -X -u -A -b -e -F -T -x -m -w -K -E -U -r"
    " -Q -C -Y -y -z -P --data --data-raw --data-binary --data-urlencode --header --request"
    " --user --form --form-string --upload-file --url --user-agent --cookie --referer --proxy"
    " --max-time --connect-timeout --retry --retry-delay --cacert --cert --key --resolve".split()
)
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


def _wget(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, _WGET_VALUES)
    for option in "-O --output-document -o --output-file -a --append-output".split():
        for value in args.values.get(option, []):
            walk.write(value)
    if args.has(("-O", "--output-document", "--spider")):
        return
    into = args.value(("-P", "--directory-prefix"))
    _download(walk, words, into.text if into is not None else "")


def _download(walk: Walk, words: list[Value], folder: str) -> None:
    """Into files that are called as on the server."""
    for word in words:
        scheme, marks, rest = word.text.partition("://")
        name = rest.partition("?")[0].rpartition("/")[2]
        if marks and scheme.isalpha() and name and word.is_known:
            walk.write(Value(os.path.join(folder, name)))


TOOLS = {"curl": _curl, "wget": _wget}
