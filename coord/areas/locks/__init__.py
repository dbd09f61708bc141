"""Locks: leases on any named resource."""

from coord.area import Area
from coord.areas.locks import hooks
from coord.areas.locks.board import board
from coord.areas.locks.repository import waiters
from coord.areas.locks.routes import blp
from coord.areas.locks.samples import claim, release
from coord.areas.locks.tools import lock, locks, unlock

area = Area(
    name="locks",
    blueprint=blp,
    status=hooks.status,
    gauges=hooks.gauges,
    checkin=hooks.checkin,
    on_activity=hooks.on_activity,
    on_checkin=hooks.on_checkin,
    on_session_end=hooks.on_session_end,
    waiters=waiters.sessions,
    on_tick=hooks.on_tick,
    samples={"claim": claim, "release": release},
    tools=(lock, unlock, locks),
    board=board,
)
