"""The address of a server as people write it: with a path of the service behind it, in quotes,
with blanks around it.
"""

from __future__ import annotations

DEFAULT_URL = "http://127.0.0.1:8001"
BASE_PATH = "/api/coord"
_PAGES = (
    "/docs",
    "/health",
    "/livez",
    "/llms.txt",
    "/openapi.json",
    "/client/install.sh",
    "/client",
    "/mcp",
)


def normal(text: str) -> str:
    """The address that calls are made below. What is no address stays as it is: a call says so.

    A path in front of the service's own, as behind a proxy, stays:
    `https://host/tools/api/coord` is `https://host/tools`.
    """
    url = text.strip("\ufeff \t\r\n\"'").rstrip("/")
    url = url.partition("?")[0].partition("#")[0].rstrip("/")
    before, separator, _ = f"{url}/".rpartition(f"{BASE_PATH}/")
    if separator:
        return before.rstrip("/")
    page = next((page for page in _PAGES if url.endswith(page)), "")
    return url[: len(url) - len(page)].rstrip("/")
