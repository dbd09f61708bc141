"""The commonest writes of the locks area, made of example values: for `flask coord sql`."""

from coord.areas.locks import repository
from coord.areas.locks.repository import Granted
from coord.store import Change, Row

_CLAIM = {
    "id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11",
    "project_key": "shop",
    "session_id": "web-1/agent",
    "resource": "src/app.py",
    "resources": None,
    "description": "new order model",
    "mode": "exclusive",
    "ttl_hours": None,
    "observed_at": None,
    "default_ttl_hours": 2.0,
    "stale_us": 7_200_000_000,
}


def claim() -> Change[Granted]:
    return repository.grant(repository.claims_of(_CLAIM), _CLAIM)  # type: ignore[return-value]


def release() -> Change[Row]:
    return repository.release_held(str(_CLAIM["id"]), str(_CLAIM["session_id"]))
