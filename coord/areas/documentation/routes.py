"""HTTP of the documentation area."""

from pathlib import Path
from urllib.parse import urlsplit

import flask_swagger_ui
from flask import Response, current_app, send_from_directory
from flask.typing import ResponseReturnValue

from coord.errors import NotFound
from coord.layout import DOCS
from coord.web import Blueprint, Query, openapi, own_url, shortened

blp = Blueprint(
    "documentation", __name__, description="The API document, its page and the protocol."
)

_ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
_FILES = ("swagger-ui.css", "index.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_PROTOCOL = DOCS / "PROTOCOL.md"
_WRITTEN = "http://127.0.0.1:8001"  # in its examples, for a service's own address
_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors"
    " 'none'; base-uri 'none'"
)

# All addresses are relative, so that the page works below a proxy's prefix too.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>coord: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

# validatorUrl: by default the page shows the document to a service in the internet.
# What the examples create belongs to the page that was loaded: whoever tried them before has used
# up their ids, or holds what they name. Each can be executed in the order of the page, so what
# releases and removes comes last.
_START = """const own = Math.random().toString(16).slice(2, 10).padEnd(8, "0");
SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null, docExpansion: "list",
  defaultModelsExpandDepth: 0, displayRequestDuration: true, tryItOutEnabled: true,
  operationsSorter: (one, other) => (one.get("method") === "delete") - (other.get("method") === "delete"),
  responseInterceptor: (response) => {
    if (new URL(response.url).pathname.endsWith("openapi.json"))
      response.text = response.text.replaceAll("0198c2f4-", `${own}-`).replaceAll('"shop"', `"shop-${own}"`);
    return response;
  },
});
"""  # noqa: E501 (as it is shown)


@blp.route("/openapi.json", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, description="This API, as OpenAPI 3.1.")
def openapi_json(query: dict[str, str | None]) -> ResponseReturnValue:
    """This API as an OpenAPI 3.1 document."""
    document, prefix = openapi.document(current_app), urlsplit(own_url()).path
    if prefix:
        document = {**document, "servers": [{"url": prefix}]}
    return current_app.json.response(document)


@blp.route("/docs", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="text/html", description="A page.")
def docs(query: dict[str, str | None]) -> Response:
    """The API as a page to read and try."""
    return _with_policy(Response(_PAGE, mimetype="text/html"))


@blp.route("/docs/<name:asset>", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="application/octet-stream", description="A file of the page.")
@blp.raises(NotFound)
def docs_asset(query: dict[str, str | None], asset: str) -> Response:
    """A file of the page."""
    if asset == "start.js":
        return Response(_START, mimetype="text/javascript")
    if asset not in _FILES:
        raise NotFound(f"There is no /docs/{shortened(asset)}. The page is at /docs.")
    return send_from_directory(_ASSETS, asset)


@blp.route("/llms.txt", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="text/plain", description="Markdown.")
def llms_txt(query: dict[str, str | None]) -> Response:
    """The protocol, as an agent should read it, with the address by which it was asked."""
    text = _PROTOCOL.read_text(encoding="utf-8").replace(_WRITTEN, own_url())
    return Response(text, mimetype="text/plain")


def _with_policy(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    return response
