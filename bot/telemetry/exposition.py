"""The text of ``/metrics``: this process' own metrics, and the figures of the store at the scrape."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Final, Generic, TypeVar

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from bot.errors import TryAgainError
from bot.ports import Clock
from bot.ports.figures import PastFigures, PresentFigures, StoreFigures
from bot.telemetry.process_metrics import ProcessMetrics
from bot.telemetry.store_metrics import store_families

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
"""The format that every Prometheus reads."""

PRESENT: Final = timedelta(seconds=5)
"""How long figures of the present serve: several who scrape cost the store no more than one."""

PAST: Final = timedelta(minutes=1)
"""How long figures of the whole history serve."""

PATIENCE: Final = timedelta(seconds=3)
"""How long a scrape waits for figures; Prometheus itself waits 10 s (``scrape_timeout``)."""

SHARE: Final = 50
"""How many times longer than its reading took the history serves: a long one costs the store a fiftieth of
one processor at most, however often somebody scrapes. Not the present, which matters most when it is slow."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Cached(Generic[T]):
    """A value that is read anew once it is old; whoever asks meanwhile waits for the same reading.

    Args:
        read: reads it.
        serves: how long it serves, at least.
        share: how many times longer than its reading took it serves, at least.
        monotonic: seconds; for tests.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[T]],
        *,
        serves: timedelta,
        share: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._share = share
        self._serves_s = serves.total_seconds()
        self._monotonic = monotonic
        self._value: T | None = None
        self._until = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def get(self, *, at_most: timedelta) -> T | None:
        """Returns the value; None where it could not be read in time. A reading that is late goes on."""
        if self._monotonic() < self._until:
            return self._value
        if self._reading is None:
            self._reading = asyncio.create_task(self._renew())
            self._reading.add_done_callback(self._ended)
        # Not cancelled: a statement that is cut off costs its connection.
        await asyncio.wait({self._reading}, timeout=at_most.total_seconds())
        return self._value if self._monotonic() < self._until else None

    async def _renew(self) -> None:
        began = self._monotonic()
        value = await self._read()
        # From now, and not from before: what a slow store told would otherwise be old at once.
        now = self._monotonic()
        self._value, self._until = value, now + max(self._serves_s, (now - began) * self._share)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._reading = None
        if not task.cancelled() and (error := task.exception()) is not None:
            known = isinstance(error, TryAgainError)
            log.warning("metrics.unread", error=str(error) if known else type(error).__name__)


class Exposition:
    """Writes the text of ``/metrics``.

    Args:
        metrics: of this process.
        figures: of the store.
        clock: business time.
    """

    def __init__(self, *, metrics: ProcessMetrics, figures: StoreFigures, clock: Clock) -> None:
        self._metrics = metrics
        self._figures = figures
        self._present: Cached[PresentFigures] = Cached(lambda: figures.present(clock.now()), serves=PRESENT)
        self._past: Cached[PastFigures] = Cached(figures.past, serves=PAST, share=SHARE)

    async def text(self) -> bytes:
        """Returns everything, in Prometheus' text format."""
        present, past = await asyncio.gather(
            self._present.get(at_most=PATIENCE), self._past.get(at_most=PATIENCE)
        )
        registry = CollectorRegistry()
        registry.register(_Families([*store_families(present, past), *self._pool()]))
        return generate_latest(self._metrics.registry) + generate_latest(registry)

    def _pool(self) -> Iterator[Metric]:
        used, size = self._figures.connections()
        for name, does, value in (
            ("used", "Connections to Postgres that transactions of this process use.", used),
            ("max", "Connections to Postgres that they may use.", size),
        ):
            yield GaugeMetricFamily(f"pgaccess_db_pool_connections_{name}", does, value=value)


class _Families(Collector):
    """Families that are there already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._families
