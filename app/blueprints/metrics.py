"""Numbers about requests, and the Prometheus text that tells them. The one importer of its library.

bin/serve sets PROMETHEUS_MULTIPROC_DIR to an empty directory: each process counts there, and whichever
is asked tells the sum. Without it a process tells its own numbers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_requests = CollectorRegistry()
_answered = Counter(
    "planetarium_requests",
    "Requests answered.",
    ("endpoint", "method", "status"),
    registry=_requests,
)
_seconds = Histogram(
    "planetarium_request_seconds",
    "Seconds from the first line of ours to the answer.",
    ("endpoint",),
    registry=_requests,
    buckets=BUCKETS,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A number as it is at the moment it is asked for; `name` without our prefix. Several may share a name
    and its meaning, and differ in their labels."""

    name: str
    meaning: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def observe(endpoint: str, method: str, status: int, seconds: float) -> None:
    """Count one answered request. A method of somebody's invention counts as OTHER: what strangers
    send must not make new series."""
    _answered.labels(endpoint, method if method in METHODS else "OTHER", status).inc()
    _seconds.labels(endpoint).observe(seconds)


def render(readings: list[Reading]) -> bytes:
    """Return the numbers about requests and the given readings in Prometheus' text format."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        requests = generate_latest(registry)
    else:
        requests = generate_latest(_requests)
    now = CollectorRegistry()
    now.register(_Readings(readings))
    return requests + generate_latest(now)


class _Readings(Collector):
    def __init__(self, readings: list[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterable[Metric]:
        """Yield each reading as a gauge."""
        families: dict[str, GaugeMetricFamily] = {}
        for reading in self._readings:
            names = [name for name, _value in reading.labels]
            family = families.get(reading.name)
            if family is None:
                family = families[reading.name] = GaugeMetricFamily(
                    f"planetarium_{reading.name}", reading.meaning, labels=names
                )
            family.add_metric([value for _name, value in reading.labels], reading.value)
        yield from families.values()
