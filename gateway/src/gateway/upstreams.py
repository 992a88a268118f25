"""A service's processes, as the gateway sees them: what each is doing, and which is set aside."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.balance import aside_seconds, choose

__all__ = ["Pool", "Report", "Upstream", "pools_of"]

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Upstream:
    """One process of a service."""

    service: str
    url: str
    in_flight: int = 0
    aside_until: float = 0.0
    asked: int = 0
    refused: int = 0
    refusals: int = 0
    """In a row."""

    def set_aside(self, now: float) -> None:
        """Note that it refused a connection; those refused at the same time count once."""
        self.refused += 1
        if self.aside_until > now:
            return
        self.refusals += 1
        seconds = aside_seconds(self.refusals)
        self.aside_until = now + seconds
        log.warning("upstream.set_aside", service=self.service, upstream=self.url, seconds=seconds)

    def take_back(self) -> None:
        """Note that it accepted a connection."""
        if self.refusals:
            self.refusals = 0
            self.aside_until = 0.0
            log.warning("upstream.back", service=self.service, upstream=self.url)


class Pool:
    """One service: its processes, and whose turn it is."""

    def __init__(self, service: str, urls: Sequence[str]) -> None:
        self.service = service
        self.upstreams = [Upstream(service, url) for url in urls]
        self._last = len(urls) - 1

    def next(self, tried: Collection[int] = ()) -> int | None:
        """Return the number of the process to ask; None where every one was tried."""
        # One is the rule, and needs no choice.
        if len(self.upstreams) == 1:
            return None if tried else 0
        found = choose(self.upstreams, now=time.monotonic(), last=self._last, tried=tried)
        if found is not None:
            self._last = found
        return found


def pools_of(upstreams: Mapping[str, Sequence[str]]) -> Mapping[str, Pool]:
    """Return each service's pool."""
    return {service: Pool(service, urls) for service, urls in upstreams.items()}


class Report(Collector):
    """The processes' metrics, read when they are asked for: a request pays nothing for them."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        self._upstreams = [upstream for pool in pools for upstream in pool.upstreams]

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with a sample for each process."""
        now = time.monotonic()
        labels = ["service", "upstream"]
        asked = CounterMetricFamily("tongban_upstream_requests", "Requests sent on", labels=labels)
        refused = CounterMetricFamily(
            "tongban_upstream_refused", "Connections refused", labels=labels
        )
        in_flight = GaugeMetricFamily(
            "tongban_upstream_in_flight", "Requests not yet answered", labels=labels
        )
        up = GaugeMetricFamily("tongban_upstream_up", "0 while set aside", labels=labels)
        for each in self._upstreams:
            place = [each.service, each.url]
            asked.add_metric(place, each.asked)
            refused.add_metric(place, each.refused)
            in_flight.add_metric(place, each.in_flight)
            up.add_metric(place, float(each.aside_until <= now))
        yield from (asked, refused, in_flight, up)
