"""Composition root: builds the application and connects its parts."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from secrets import token_hex
from typing import Any, Final, cast

import structlog
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.cli.manifest import PATH
from bot.cli.rebuild import Rebuilder
from bot.clock import SystemClock
from bot.config import Settings
from bot.directory.lookups import AT_ONCE as LOOKUPS_AT_ONCE
from bot.directory.lookups import Job
from bot.directory_sync import DirectorySync
from bot.domain.method import Method
from bot.domain.policy.rules import Policy
from bot.domain.policy.stand_in import PolicyState, stand_in
from bot.domain.timings import DEFAULT, Timings
from bot.errors import HerokuError, MisconfiguredError, SlackError, TryAgainError
from bot.heroku.client import HerokuClient
from bot.heroku.connection_test import PostgresConnectionTest
from bot.notifier import Notifier
from bot.policy_reporter import PolicyReporter
from bot.ports import Clock, WorkerName
from bot.ports.figures import StoreFigures
from bot.reconciler.adapter import AnyAdapter
from bot.reconciler.controller import Controller
from bot.reconciler.mtls.adapter import MtlsAdapter
from bot.reconciler.privatelink.adapter import PrivateLinkAdapter
from bot.reconciler.trusted_ips.adapter import TrustedIpsAdapter
from bot.retry import until_success
from bot.services import DownloadService, Services, open_services
from bot.slack import SlackClient
from bot.slack_answers import Identity
from bot.telemetry.exposition import CONTENT_TYPE, Exposition
from bot.telemetry.process_telemetry import ProcessTelemetry
from bot.worker import YIELD, BackgroundTasks, WorkLoop, running
from handlers.bolt_app import Listeners
from handlers.scheduler import Scheduler
from handlers.transport.request_verification import RequestVerification
from handlers.transport.socket_mode import SocketMode
from handlers.transport.traced import Traced
from handlers.web.address_page import AddressPage
from handlers.web.download_page import DownloadPage
from handlers.web.health import health_routes
from handlers.web.metrics import metrics_routes
from storage.engine import OUTSIDE_POOL, async_commit_engine, engine_for
from storage.figures import PostgresFigures
from storage.repositories.rate_budget import PostgresRateBudget
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups

RECONCILES_AT_ONCE: Final = 10
"""Reconcile runs at once in a process: as many calls as are made to Heroku at once."""

MESSAGES_AT_ONCE: Final = 4
"""Messages sent at once in a process; Slack takes about one a second in each channel."""

SCHEDULER_YIELDS: Final = timedelta(milliseconds=250)
"""How long the scheduler, when woken, lets the reconciler go first: it ticks every second anyway."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """Everything that web and worker processes share."""

    settings: Settings
    policy: Policy
    clock: Clock
    store: PostgresStore
    wakeups: PostgresWakeups
    slack: SlackClient
    heroku: HerokuClient
    services: Services
    background_tasks: BackgroundTasks
    timings: Timings
    telemetry: ProcessTelemetry
    figures: StoreFigures

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Starlette]:
        """Serves browsers, and Slack over HTTP or in Socket Mode, for the length of a ``with`` block."""
        if self.policy.readable:
            # In the background: people are answered although the store cannot be reached.
            self.background_tasks.run(self._record_policy())
        if self.settings.app_token is None:
            yield await self.web()
            return
        # Nothing is signed in Socket Mode: a random secret that nobody knows refuses whatever claims to be.
        app = await self._bolt(signing_secret=token_hex())
        async with SocketMode(app, token=self.settings.app_token, url=self.settings.slack_url) as socket:

            async def ready() -> None:
                await self._store_answers()
                await socket.require()

            yield Starlette(routes=[*self._health(ready), *self._pages()])

    async def _store_answers(self) -> None:
        """Raises ``TryAgainError`` while the store cannot be read, whatever it knows of Heroku so far."""
        async with self.store.transaction() as tx:
            await tx.targets.databases()

    async def web(self) -> Starlette:
        """Builds the ASGI application that serves browsers, and Slack over HTTP."""
        secrets = self.settings.signing_secrets
        app = await self._bolt(signing_secret=secrets[0])
        # An ASGI application, typed by Bolt more narrowly than ASGI is.
        bolt = cast("ASGIApp", AsyncSlackRequestHandler(app, path=PATH))
        gate = Traced(RequestVerification(bolt, secrets=secrets, path=PATH), self.telemetry)
        return Starlette(routes=[Route(PATH, gate), *self._health(self._store_answers), *self._pages()])

    def health(self) -> Starlette:
        """Builds the ASGI application of a worker: health checks and metrics, for nobody's browser."""
        return Starlette(routes=self._health(self._store_answers))

    def _health(self, ready: Callable[[], Awaitable[object]]) -> list[Route]:
        """Health checks and metrics of this process."""
        exposition = Exposition(metrics=self.telemetry.metrics, figures=self.figures, clock=self.clock)
        return [
            *health_routes(ready, policy_readable=self.policy.readable),
            *metrics_routes(self.settings.metrics_token, exposition.text, content_type=CONTENT_TYPE),
        ]

    def _pages(self) -> list[Route]:
        """Pages that people open in a browser."""
        downloads = DownloadService(store=self.store, heroku=self.heroku, clock=self.clock)
        address = AddressPage(
            checks=self.services.address_checks,
            hops=self.settings.trusted_hops,
            language=self.policy.language,
        )
        download = DownloadPage(downloads=downloads, clock=self.clock, language=self.policy.language)
        return [*download.routes(), *address.routes()]

    async def _bolt(self, *, signing_secret: str) -> AsyncApp:
        """Builds Bolt with our listeners; asks Slack once who we are."""
        identity = await self._identity()
        # Made once: left to itself, Bolt calls ``auth.test`` within the 3 seconds of the first requests.
        authorized = AuthorizeResult(
            enterprise_id=identity.enterprise,
            team_id=identity.team,
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user,
            bot_token=self.settings.slack_token,
        )
        listeners = Listeners(
            services=self.services,
            interactive=self.slack,
            team=identity.team,
            authorized=authorized,
            background_tasks=self.background_tasks,
            public_url=self.settings.public_url,
            telemetry=self.telemetry,
        )
        return listeners.app(signing_secret=signing_secret)

    async def _identity(self) -> Identity:
        """Reads who we are in Slack; waits while Slack is out of reach, as a worker in this process goes on.

        Raises:
            MisconfiguredError: Slack knows the token and refuses it.
        """

        async def ask() -> Identity:
            try:
                return await self.slack.identity()
            except SlackError as error:
                if not error.unclear and error.retry_after_s is None and error.code != "unreachable":
                    raise MisconfiguredError(f"Slack refuses SLACK_BOT_TOKEN: {error.code}") from error
                raise

        return await until_success(
            ask, retry_on=SlackError, gaps=self.timings.retry, event="app.slack_unreachable"
        )

    def controller(self) -> Controller:
        """Builds the reconciler's worker."""
        store, heroku, policy, clock = self.store, self.heroku, self.policy, self.clock
        probe = PostgresConnectionTest() if self.settings.probes else None
        adapters: dict[Method, AnyAdapter] = {
            Method.MTLS: MtlsAdapter(store=store, heroku=heroku, policy=policy, clock=clock, probe=probe),
            Method.PRIVATELINK: PrivateLinkAdapter(store=store, heroku=heroku, policy=policy, clock=clock),
            Method.TRUSTED: TrustedIpsAdapter(store=store, heroku=heroku, policy=policy, clock=clock),
        }
        return Controller(
            store=store, policy=policy, clock=clock, adapters=adapters, telemetry=self.telemetry
        )

    def rebuilder(self) -> Rebuilder:
        """Builds what records again what a lost or restored store does not know."""
        return Rebuilder(
            store=self.store,
            heroku=self.heroku,
            slack=self.slack,
            policy=self.policy,
            clock=self.clock,
            note_keys=self.settings.note_keys,
            named=self.settings.installation,
        )

    async def _rebuild(self) -> None:
        """Looks once whether the notes know more than the store; what fails is left to the operator."""
        try:
            await self.rebuilder().at_start()
        except (HerokuError, SlackError, TryAgainError) as error:
            log.warning("app.not_rebuilt", error=str(error))

    def notifier(self) -> Notifier:
        """Builds the notifier."""
        return Notifier(
            store=self.store,
            slack=self.slack,
            policy=self.policy,
            services=self.services,
            note_key=self.settings.note_keys[0],
            timings=self.timings,
        )

    def directory_sync(self) -> DirectorySync:
        """Builds the directory sync."""
        return DirectorySync(
            store=self.store,
            heroku=self.heroku,
            slack=self.slack,
            policy=self.policy,
            clock=self.clock,
            timings=self.timings,
        )

    def policy_reporter(self) -> PolicyReporter:
        """Builds what records the policy, or reports that it cannot be read."""
        return PolicyReporter(store=self.store, policy=self.policy, clock=self.clock)

    async def _record_policy(self) -> None:
        """Records a policy that could be read; waits while the store is out of reach."""
        await until_success(
            self.policy_reporter().record,
            retry_on=TryAgainError,
            gaps=self.timings.retry,
            event="app.store_unavailable",
        )

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Runs reconciler, notifier and scheduler for the length of a ``with`` block."""
        reconciling = WorkLoop(
            name=WorkerName.RECONCILER,
            worker=self.controller(),
            wakeups=self.wakeups,
            at_once=RECONCILES_AT_ONCE,
            timings=self.timings,
            telemetry=self.telemetry,
        )
        notifying = WorkLoop(
            name=WorkerName.NOTIFIER,
            worker=self.notifier(),
            wakeups=self.wakeups,
            at_once=MESSAGES_AT_ONCE,
            yields=YIELD,
            after=reconciling,
            timings=self.timings,
            telemetry=self.telemetry,
        )
        directory_sync = self.directory_sync()
        # Of its own, and never yielding: the person who is looked up waits for an answer.
        looking_up: WorkLoop[Job] = WorkLoop(
            name=WorkerName.DIRECTORY,
            worker=directory_sync.lookups,
            wakeups=self.wakeups,
            at_once=LOOKUPS_AT_ONCE,
            timings=self.timings,
            telemetry=self.telemetry,
        )
        scheduler = Scheduler(
            services=self.services,
            directory_sync=directory_sync,
            clock=self.clock,
            wakeups=self.wakeups,
            give_way=partial(reconciling.idle, at_most=SCHEDULER_YIELDS),
            telemetry=self.telemetry,
        )
        # A store that is busy for a moment, or not migrated yet, must not end a process that starts.
        await until_success(
            self._start_working,
            retry_on=TryAgainError,
            # Not the long ones: ends wait for it, and a migration is soon over.
            gaps=self.timings.retry[:2],
            event="app.store_unavailable",
        )
        loops: list[Callable[[], Coroutine[Any, Any, None]]] = [
            reconciling.run,
            notifying.run,
            looking_up.run,
            scheduler.run,
        ]
        if self.policy.readable:
            await self._record_policy()
        else:
            loops.append(self.policy_reporter().run)
        async with running(*loops):
            # Beside the loops: neither Slack nor Heroku may hold up what has to end.
            self.background_tasks.run(self._rebuild())
            yield

    async def _start_working(self) -> None:
        """Records what rules carry from now on, before any is added, and makes everything due."""
        if self.settings.installation is not None:
            async with self.store.transaction() as tx:
                await tx.installations.rename(self.settings.installation)
                await tx.commit()
        await self.refresh_everything()

    async def refresh_everything(self) -> None:
        """Makes everything due: what was missed before a start, or in a jump of time, is not known."""
        async with self.store.transaction() as tx:
            await tx.reconcile_queue.refresh_all()
            await tx.commit()
        self.wakeups.wake(WorkerName)


async def stand_in_policy(settings: Settings, *, problem: str, timings: Timings = DEFAULT) -> Policy:
    """Returns what takes the place of a policy that cannot be read; waits while the store is out of reach.

    Args:
        settings: with the store's address.
        problem: why it cannot be read.
        timings: of attempts to reach the store.

    Raises:
        MisconfiguredError: no policy was ever read, so that nothing can be open either; it says the problem.
    """
    engine = engine_for(settings.database_url)
    store = PostgresStore(engine, PostgresWakeups(url=settings.database_url, timings=timings), timings)

    async def read() -> PolicyState | None:
        async with store.transaction() as tx:
            return await tx.policy_states.last()

    try:
        state = await until_success(
            read, retry_on=TryAgainError, gaps=timings.retry, event="app.store_unavailable"
        )
    finally:
        await engine.dispose()
    if state is None:
        raise MisconfiguredError(problem)
    return stand_in(state, problem=problem)


@contextlib.asynccontextmanager
async def open_app(
    settings: Settings,
    policy: Policy,
    *,
    clock: Clock | None = None,
    timings: Timings = DEFAULT,
    telemetry: ProcessTelemetry | None = None,
) -> AsyncIterator[App]:
    """Builds the application, and closes it at the end of the ``with`` block.

    Args:
        settings: from the environment.
        policy: the rules.
        clock: business time; the machine's, unless the sandbox brings one that it can move.
        timings: of leases, calls and retries; tests with real processes hand out faster ones.
        telemetry: receives what happens; None counts it for ``/metrics`` and writes no events.
    """
    engine = engine_for(settings.database_url, transactions=settings.db_connections - OUTSIDE_POOL)
    async_commit = async_commit_engine(settings.database_url)
    clock, redactor = clock or SystemClock(), settings.redactor()
    telemetry = telemetry or ProcessTelemetry(redactor=redactor)
    heroku = HerokuClient(
        token=settings.heroku_token,
        platform_url=settings.heroku_url,
        data_url=settings.heroku_data_url,
        budgets=PostgresRateBudget(async_commit),
        timings=timings,
        redactor=redactor,
        telemetry=telemetry,
    )
    try:
        async with (
            PostgresWakeups(url=settings.database_url, timings=timings, through=async_commit) as wakeups,
            SlackClient(
                token=settings.slack_token,
                url=settings.slack_url,
                timings=timings,
                redactor=redactor,
                telemetry=telemetry,
            ) as slack,
            BackgroundTasks() as background_tasks,
        ):
            store = PostgresStore(engine, wakeups, timings, telemetry)
            yield App(
                settings=settings,
                policy=policy,
                clock=clock,
                store=store,
                wakeups=wakeups,
                slack=slack,
                heroku=heroku,
                services=open_services(store=store, policy=policy, clock=clock),
                background_tasks=background_tasks,
                timings=timings,
                telemetry=telemetry,
                figures=PostgresFigures(engine),
            )
    finally:
        await heroku.close()
        await async_commit.dispose()
        await engine.dispose()
