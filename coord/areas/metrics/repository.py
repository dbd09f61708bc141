"""What each area counts, read from the database at a scrape."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily

from coord.area import Area, Gauge, HookFailed, call_hook
from coord.store import Reader


def families(db: Reader, areas: Iterable[Area]) -> list[GaugeMetricFamily]:
    """The areas' gauges, those of one name together.

    An area whose hook fails is named in `coord_area_failed`.
    """
    failed = GaugeMetricFamily(
        "coord_area_failed", "1: the gauges of this area failed at this scrape.", labels=["area"]
    )
    by_name = {"coord_area_failed": failed}
    for area in areas:
        try:
            gauges = _gauges(db, area)
        except HookFailed:
            failed.add_metric([area.name], 1)
            continue
        for gauge in gauges:
            name = f"coord_{gauge.name}"
            labels = list(gauge.labels)
            family = by_name.setdefault(name, GaugeMetricFamily(name, gauge.help, labels=labels))
            family.add_metric(list(gauge.labels.values()), gauge.value)
    return list(by_name.values())


def _gauges(db: Reader, area: Area) -> list[Gauge]:
    if area.gauges is None:
        return []
    read = area.gauges
    return call_hook(area.name, "gauges", lambda: list(read(db)))
