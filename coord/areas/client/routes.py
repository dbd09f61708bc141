"""HTTP of the client area.

None of it asks the database, and none of it needs the token: see docs/operations.md.
"""

import shlex
from collections.abc import Callable
from pathlib import Path

from flask import Response, request
from flask.typing import ResponseReturnValue

from coord import __version__
from coord.areas.client.bundle import OLDEST_PYTHON, bundle
from coord.areas.client.schemas import ClientSchema
from coord.web import API, OLDEST_API, Blueprint, Query, own_url

blp = Blueprint(
    "client", __name__, url_prefix="/client", description="The client, and what installs it."
)

_SCRIPTS = Path(__file__).parent


@blp.route("", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, ClientSchema)
def client(query: dict[str, str | None]) -> ResponseReturnValue:
    """The client that this server hands out, how to install it, and which older ones are still
    served.
    """
    pyz_bundle, url = bundle(), own_url()
    return {
        "version": __version__,
        "api": API,
        "oldest_api": OLDEST_API,
        "python": "{}.{}".format(*OLDEST_PYTHON),
        "sha256": pyz_bundle.sha256,
        "size": len(pyz_bundle.content),
        "url": url,
        "pyz": f"{url}/client/coord.pyz",
        "install": [
            f"curl -fsS {shlex.quote(f'{url}/client/install.sh')} | sh",
            f"coord init --url {shlex.quote(url)}",
        ],
        "install_windows": [
            f"irm {in_powershell(f'{url}/client/install.ps1')} | iex",
            f"coord init --url {in_powershell(url)}",
        ],
    }


@blp.route("/coord.pyz", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(
    200,
    content_type="application/zip",
    description="The client as one file. Its `ETag` is its sha256.",
)
@blp.alt_response(304, description="It is the one that `If-None-Match` names.")
def pyz(query: dict[str, str | None]) -> ResponseReturnValue:
    """The client as one file that any Python from 3.9 on runs: `python3 coord.pyz`."""
    pyz_bundle = bundle()
    response = Response(pyz_bundle.content, mimetype="application/zip")
    response.headers["Content-Disposition"] = "attachment; filename=coord.pyz"
    response.set_etag(pyz_bundle.sha256)
    return _fresh(response).make_conditional(request)


@blp.route("/install.sh", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="text/plain", description="A script for any POSIX shell.")
def install_sh(query: dict[str, str | None]) -> Response:
    """The script that installs the client on Linux and macOS: `curl -fsS
    …/client/install.sh | sh`.
    """
    return _script("install.sh", shlex.quote)


@blp.route("/install.ps1", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="text/plain", description="A script for PowerShell 5.1 and later.")
def install_ps1(query: dict[str, str | None]) -> Response:
    """The script that installs the client on Windows: `irm …/client/install.ps1 | iex`."""
    return _script("install.ps1", in_powershell)


def _script(name: str, quoted: Callable[[str], str]) -> Response:
    """With what this very server is called and hands out filled in, as text that a shell takes as
    it stands.
    """
    text = (_SCRIPTS / name).read_text(encoding="utf-8")
    text = text.replace("@URL@", quoted(own_url())).replace("@SHA256@", quoted(bundle().sha256))
    return _fresh(Response(text, mimetype="text/plain"))


def _fresh(response: Response) -> Response:
    """A proxy may keep it, but must ask each time: script and client belong together."""
    response.headers["Cache-Control"] = "no-cache"
    return response


def in_powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
