"""What a line of a shell client's queue may make this user's client send: no more than the session
that wrote it could.

Whatever else may be in that file: nothing outside of coord's own calls, nothing in the name of
coord itself or of two sessions at once, and nothing that takes the whole project from everybody.
"""

from __future__ import annotations

from coord.client.queue.call import BASE, Call, unquote

_ROUTES = {
    "POST": (
        "/locks",
        "/messages",
        "/workflows",
        "/work-items",
        "/work-items/claim",
        "/sessions/heartbeat",
    ),
    "PUT": ("/components", "/components/", "/messages/"),
    "PATCH": ("/locks/", "/workflows/", "/work-items/"),
    "DELETE": ("/locks", "/locks/", "/components/", "/sessions"),
}
"""The calls that clients queue; one that ends in a slash stands for all below it."""
_CALLERS = ("session_id", "from_session", "updated_by", "created_by")
_OWN_NAME = "coord"


def refuse(call: Call) -> str:
    """Why a call of a shell's queue is not sent; nothing when it may be."""
    route = call.route[len(BASE) :]
    callers = _callers(call)
    reasons = (
        (_leads_elsewhere(route), "its path leads elsewhere"),
        (not _is_queued_by_clients(call.method, route), "it is not a call that clients queue"),
        (len(callers) > 1, "it speaks for two sessions"),
        (any(map(_is_coords, callers)), "it speaks as coord itself"),
        (bool(call.parameters.get("force")), "it overrides another session"),
        (
            call.method == "POST" and route == "/locks" and _claims_everything(call.parameters),
            "it claims the whole project",
        ),
    )
    return next((reason for applies, reason in reasons if applies), "")


def _leads_elsewhere(route: str) -> bool:
    parts = unquote(route).split("/")  # proxies part it where an encoded slash is, too
    return "//" in route or any(part in (".", "..") or "\\" in part for part in parts)


def _is_queued_by_clients(method: str, route: str) -> bool:
    return any(
        route == allowed or (allowed.endswith("/") and route.startswith(allowed))
        for allowed in _ROUTES[method]
    )


def _callers(call: Call) -> set[str]:
    """Every session that the call names itself by, in its query and its body."""
    named = [value for name, value in (call.body or {}).items() if name in _CALLERS]
    for pair in call.path.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if unquote(name) in _CALLERS:
            named.append(unquote(value))
    return {str(value) for value in named if value}


def _claims_everything(parameters: dict[str, object]) -> bool:
    resources = parameters.get("resources")
    named = [parameters.get("resource"), *(resources if isinstance(resources, list) else [])]
    return any(isinstance(name, str) and _is_everything(name) for name in named if name)


def _is_everything(name: str) -> bool:
    """As the service reads it: `src/..` is the whole project, too."""
    steps: list[str] = []
    for step in name.replace("\\", "/").split("/"):
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return not "/".join(steps).strip("/.*").strip()


def _is_coords(name: str) -> bool:
    """Whether a reader would take the name for coord's own."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", name.partition("/")[0]).casefold()
    return "".join(letter for letter in plain if letter.isalnum()).replace("0", "o") == _OWN_NAME
