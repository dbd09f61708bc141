"""What `GET /client` answers."""

from marshmallow import fields

from coord.web import Schema


class ClientSchema(Schema):
    """The client that this server hands out, and what it still serves."""

    version = fields.String(required=True)
    api = fields.Integer(
        required=True, metadata={"description": "The API that the client and the server speak."}
    )
    oldest_api = fields.Integer(
        required=True, metadata={"description": "Clients of this API and later ones are served."}
    )
    python = fields.String(
        required=True, metadata={"description": "The oldest Python that runs it."}
    )
    sha256 = fields.String(required=True, metadata={"description": "Of `coord.pyz`."})
    size = fields.Integer(required=True, metadata={"description": "Of `coord.pyz`, in bytes."})
    url = fields.String(
        required=True,
        metadata={"description": "This server, as it was called: the `url` of a `.coord.toml`."},
    )
    pyz = fields.String(required=True, metadata={"description": "Where the client is."})
    install = fields.List(
        fields.String(), required=True, metadata={"description": "What to run on Linux and macOS."}
    )
    install_windows = fields.List(
        fields.String(), required=True, metadata={"description": "What to run in PowerShell."}
    )
