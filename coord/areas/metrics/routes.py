"""HTTP of the metrics area."""

from collections.abc import Iterator

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from coord import metric_files
from coord.area import areas
from coord.areas.metrics import repository
from coord.store import read
from coord.web import Blueprint, Query, explain

blp = Blueprint("metrics", __name__, description="What Prometheus scrapes.")


class _Stored(Collector):
    """What the database knows.

    When it is away, `coord_database_up` says so and the rest is left out.
    """

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("coord_database_up", "1 when the database answered this scrape.")
        try:
            yield from read(repository.families, areas())
            up.add_metric([], 1)
        except Exception as error:
            up.add_metric([], 0)
            if explain(error).status != 503:
                raise
        yield up


@blp.route("/metrics", methods=["GET"])
@blp.arguments(Query)
@blp.response(200, content_type="text/plain", description="Prometheus text format.")
def metrics(query: dict[str, str | None]) -> Response:
    """Counters of this service and gauges of what it stores, for Prometheus."""
    stored = CollectorRegistry()
    stored.register(_Stored())
    text = metric_files.exposition() + generate_latest(stored)
    return Response(text, content_type=CONTENT_TYPE_LATEST)
