"""Calls that change something on another host: `curl -X DELETE`, `gh api -f state=closed`.

They need `http HOST`. What only looks (GET, HEAD, OPTIONS), a query of GraphQL and coord itself
need nothing.
"""

from __future__ import annotations

from coord.client.shell.downloads import CURL_VALUES
from coord.client.shell.options import Arguments, parse_arguments
from coord.client.shell.words import Value

_WGET_DATA = "--post-data --post-file --body-data --body-file"
_GH_DATA = "-f --raw-field -F --field --input"
_LOOKS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
_METHODS = _LOOKS | {"POST", "PUT", "PATCH", "DELETE"}
_COORD = "/api/coord"
_LOOPBACK = ("localhost", "127.", "[::1]", "0.0.0.0", "host.docker.internal")


class _Caller:
    """`values`: its options that have one. `method`: those that name the method; `data`: those
    that make it POST, `uploads`: PUT, `shows`: GET all the same. `host`: that it calls always."""

    __slots__ = ("data", "host", "method", "shows", "uploads", "values")

    def __init__(
        self,
        method: str,
        data: str,
        *,
        values: str = "",
        uploads: str = "",
        shows: str = "",
        host: str = "",
    ) -> None:
        self.method, self.data = tuple(method.split()), tuple(data.split())
        self.uploads, self.shows = tuple(uploads.split()), tuple(shows.split())
        self.values = frozenset(f"{method} {data} {uploads} {values}".split())
        self.host = host


_CURL = _Caller(
    "-X --request",
    "-d --data --data-raw --data-binary --data-urlencode --data-ascii --json -F --form"
    " --form-string",
    values=" ".join(CURL_VALUES),
    uploads="-T --upload-file",
    shows="-G --get -I --head",
)
_GH = _Caller(
    "-X --method",
    _GH_DATA,
    values="-H --header -q --jq -t --template -p --preview --cache --hostname",
    host="api.github.com",
)
_GLAB = _Caller("-X --method", _GH_DATA, values="-H --header --hostname", host="gitlab.com")
_REST = _Caller(
    "-method", "-body -infile", values="-uri -headers -contenttype -outfile -credential"
)
_CALLERS = {
    "curl": _CURL,
    "wget": _Caller("--method", _WGET_DATA, values="-O -P -o -e -U --header"),
    "gh": _GH,
    "glab": _GLAB,
    **dict.fromkeys(("http", "https", "xh", "xhs"), _Caller("", "--raw", values="-a --auth -A -o")),
    **dict.fromkeys(("invoke-restmethod", "irm", "invoke-webrequest", "iwr"), _REST),
}


def hosts(name: str, words: list[Value]) -> list[str]:
    """Those on which it changes something; `{host}` is this machine."""
    caller = _CALLERS[name]
    if caller is _REST:  # PowerShell's options are the same in any case
        words = [Value(w.text.lower(), w.beginning) if w.text[:1] == "-" else w for w in words]
    args = parse_arguments(words, caller.values)
    plain = [word.text for word in args.plain]
    if name in ("gh", "glab"):
        if plain[:1] != ["api"]:
            return []
        plain = plain[1:]
    method = _method(caller, args, plain)
    payload = " ".join(
        value.text for option in caller.data for value in args.values.get(option, [])
    )
    if method in _LOOKS:
        return []
    urls = [text for text in plain if text.upper() not in _METHODS]
    urls += [v.text for option in ("--url", "-uri") for v in args.values.get(option, [])]
    if name in ("http", "https", "xh", "xhs"):
        urls = urls[:1]
    if any("graphql" in url for url in urls) and "mutation" not in payload:
        return []
    if caller.host:
        return [caller.host]
    return [host for url in urls for host in _host(url)]


def _method(caller: _Caller, args: Arguments, plain: list[str]) -> str:
    named = args.value(caller.method)
    if named is not None:
        return named.text.upper()
    if not caller.method and plain and plain[0].upper() in _METHODS:
        return plain[0].upper()
    if args.has(caller.shows):
        return "GET"
    if args.has(caller.uploads):
        return "PUT"
    has_items = not caller.method and any("=" in text.partition("://")[0] for text in plain[1:])
    return "POST" if args.has(caller.data) or has_items else "GET"


def _host(url: str) -> list[str]:
    scheme, marks, rest = url.partition("://")
    rest = rest if marks else url
    if (marks and scheme not in ("http", "https")) or _COORD in rest:
        return []
    place = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    if not place.startswith(_LOOPBACK):
        return [place.partition(":")[0]] if place.strip(":") else []
    port = place.removeprefix("[::1]").rpartition(":")[2]
    return [f"{{host}}:{port}" if port.isdigit() else "{host}"]
