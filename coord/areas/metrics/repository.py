"""What each area counts, read from the database at a scrape."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily

from coord.area import Area
from coord.store import Reader


def families(db: Reader, areas: Iterable[Area]) -> list[GaugeMetricFamily]:
    """The areas' gauges, those of one name together."""
    found: dict[str, GaugeMetricFamily] = {}
    for area in areas:
        for gauge in area.gauges(db) if area.gauges is not None else ():
            name = f"coord_{gauge.name}"
            family = found.setdefault(name, GaugeMetricFamily(name, gauge.help, labels=list(gauge.labels)))
            family.add_metric(list(gauge.labels.values()), gauge.value)
    return list(found.values())
