"""State machine of the emulated Heroku behind both APIs; time is an argument of every call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

from sandbox.heroku.api import (
    addons,
    authorizations,
    certificates,
    databases,
    mtls,
    platform,
    privatelink,
    rulesets,
)
from sandbox.heroku.api.data_authentication import check_scheme
from sandbox.heroku.authentication import RequestTokens, check_token, check_version
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.etags import tagged
from sandbox.heroku.external_changes.mtls import MtlsExternalChanges
from sandbox.heroku.external_changes.platform import PlatformExternalChanges
from sandbox.heroku.external_changes.privatelink import PrivateLinkExternalChanges
from sandbox.heroku.fault_injection import Fault, Faults
from sandbox.heroku.http_types import Answer, Json, Refused, Request
from sandbox.heroku.model import mtls_lifecycle, ruleset_lifecycle
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.authorizations import check_scope
from sandbox.heroku.model.resources import LONG_AGO, App, Database, Space
from sandbox.heroku.model.rulesets import Generation
from sandbox.heroku.request_log import RequestLog
from sandbox.heroku.routing import Call, given, match_route, no_endpoint
from sandbox.heroku.seeded_random import SeededRandom
from sandbox.heroku.snapshot import snapshot

ROUTES: Final = (
    *platform.ROUTES,
    *addons.ROUTES,
    *rulesets.ROUTES,
    *authorizations.ROUTES,
    *databases.ROUTES,
    *mtls.ROUTES,
    *certificates.ROUTES,
    *privatelink.ROUTES,
)
"""Routes of both APIs on one port: the official CLI derives the Data API's port from the Platform API's."""

NO_TOKENS: Final = frozenset({"", "undefined"})
"""Values that misconfigured clients send as a token, and which are therefore never valid."""

Resource = TypeVar("Resource", Space, App, Database)


class HerokuEmulator(PlatformExternalChanges, MtlsExternalChanges, PrivateLinkExternalChanges):
    """A Heroku account that keeps state and rejects what Heroku rejects.

    The base classes hold what others do at Heroku; this class holds what an API call does.

    Args:
        token: The only valid API token; must not be empty or ``undefined``.
        behavior: Behavior that Heroku does not document.
        times: Durations of transitions.
        seed: Seed of every id and every random choice.
    """

    def __init__(
        self,
        *,
        token: str,
        behavior: Behavior | None = None,
        times: TransitionTimes | None = None,
        seed: int = 1,
    ) -> None:
        if token in NO_TOKENS:
            raise ValueError("the emulated Heroku needs a valid token")
        self._account = Account(
            token=token,
            behavior=behavior or Behavior(),
            times=times or TransitionTimes(),
            seeded=SeededRandom(seed),
        )
        self._faults = Faults()
        self.request_log = RequestLog()

    def add_space(
        self,
        name: str,
        *,
        region: str = "virginia",
        shield: bool = False,
        generation: Generation = "cedar",
        trusted: Sequence[str] = (),
    ) -> Space:
        """Create a space.

        Args:
            name: Name of the space.
            region: Heroku's name of the region.
            shield: Whether it is a Shield Space.
            generation: A Fir space's trusted IP ranges are fixed.
            trusted: Sources of its trusted IP ranges; if empty, every address is allowed.

        Raises:
            ValueError: A space of that name exists.
        """
        born = self._account.birth_name("space", name)
        space = Space(name=name, region=region, shield=shield, generation=generation, born=born)
        if trusted:
            ruleset_lifecycle.restrict_from_start(space, trusted)
        return self._add(self._account.spaces, space)

    def add_app(self, name: str, *, space: str | None) -> App:
        """Create an app in the space of that name, or in the Common Runtime."""
        home = self._account.space(space) if space else None
        born = self._account.birth_name("app", name)
        return self._add(self._account.apps, App(name=name, space=home, born=born))

    def add_database(
        self,
        name: str,
        *,
        app: str,
        plan: str,
        tls_endpoint: Literal["Operational"] | None = None,
        config_vars: tuple[str, ...] = ("DATABASE_URL",),
    ) -> Database:
        """Create a Postgres add-on.

        Args:
            name: Name of the add-on.
            app: Name of its app.
            plan: Service and plan, such as ``heroku-postgresql:private-4``.
            tls_endpoint: ``Operational`` if mTLS is enabled from the start.
            config_vars: Config vars of the app that hold its URL.

        Raises:
            ValueError: An add-on of that name exists, or its plan has no mTLS.
        """
        owner = self._account.app(app)
        born = self._account.birth_name("addon", name)
        addon = Database(name=name, app=owner, plan=plan, config_vars=config_vars, born=born)
        database = self._add(self._account.databases, addon)
        if tls_endpoint:
            if not database.can_have_mtls:
                raise ValueError(f"{plan} cannot have mTLS")
            database.endpoint = mtls_lifecycle.endpoint_for(database, since=LONG_AGO, operational_at=LONG_AGO)
        return database

    def arrival_delay(self, request: Request) -> float:
        """Return the seconds that a fault delays a request; the server waits that long before it answers."""
        return self._faults.hold(request)

    def answer(self, request: Request, *, now: datetime) -> Answer:
        """Carry out a request and return the response, with any injected fault applied."""
        fault = self._faults.strike(request)
        # A fault with ``done`` carries the call out and loses its answer, as a cut connection may.
        answer = self._respond(request, now) if fault is None or fault.done else fault.instead()
        answer = fault.applied_to(answer) if fault else answer
        answer = _with(answer, {"Request-Id": str(self._account.seeded.uuid())})
        self.request_log.write(request, answer, at=now)
        self._account.version.changed()
        return answer

    def fault(self, fault: Fault, *, on: str = "", times: int | None = 1, name: str = "") -> None:
        """Inject a fault.

        Args:
            fault: The fault; see `sandbox.heroku.fault_injection`.
            on: Regular expression that is searched for in ``METHOD /path``; empty matches every call.
            times: Number of calls it applies to; None is until cleared.
            name: Name for clearing this fault alone.
        """
        self._faults.add(fault, on=on, times=times, name=name)

    def clear_faults(self, name: str | None = None) -> None:
        """Clear every fault, or only those of a name."""
        self._faults.clear(name)

    def set_remaining_tokens(self, left: int | None, *, now: datetime) -> None:
        """Set the number of remaining request tokens; None is all."""
        self._account.pool.set_remaining(left, now)
        self._account.version.changed()

    @property
    def behavior(self) -> Behavior:
        """Behavior that Heroku does not document."""
        return self._account.behavior

    def set_behavior(self, **settings: Any) -> None:
        """Change undocumented behavior from now on.

        Args:
            settings: Fields of `Behavior`; those that are not named stay.

        Raises:
            TypeError: `Behavior` has no such field.
        """
        account = self._account
        account.behavior = behavior = replace(account.behavior, **settings)
        # Only then a new pool: any other change leaves the tokens that are used up.
        if settings.keys() & {"pool", "refill"}:
            account.pool = RequestTokens(size=behavior.pool, refill=behavior.refill)
        account.version.changed()

    def set_times(self, times: TransitionTimes) -> None:
        """Change the durations of transitions that begin from now on."""
        self._account.times = times

    def snapshot(self, *, now: datetime) -> Json:
        """Return the visible state at a moment, as JSON."""
        return snapshot(self._account, self.request_log, now)

    @property
    def version(self) -> int:
        """A number that rises when anything visible changes.

        It follows real time, since transitions take real seconds whatever business time is.
        """
        return self.version_at(datetime.now(UTC))

    def version_at(self, now: datetime) -> int:
        """Return the version at a moment."""
        return self._account.version.at(now)

    def _add(self, resources: dict[str, Resource], resource: Resource) -> Resource:
        if resource.name in resources:
            raise ValueError(f"{resource.name} exists already")
        resources[resource.name] = resource
        self._account.version.changed()
        return resource

    def _respond(self, request: Request, now: datetime) -> Answer:
        try:
            check_version(request)
            authorization = check_token(request, self._account.authorizations, now)
            check_scheme(request, bearer=self._account.behavior.data_bearer)
            check_scope(request, authorization, self._account.behavior.data_scopes)
        except Refused as refused:
            return refused.answer()
        try:
            answer = self._execute(request, now)
        except Refused as refused:
            answer = refused.answer()
        return self._with_headers(request, answer, now)

    def _with_headers(self, request: Request, answer: Answer, now: datetime) -> Answer:
        """Add the headers that every response of its API has."""
        behavior = self._account.behavior
        if answer.status == 429 and behavior.retry_after is not None:
            answer = _with(answer, {"Retry-After": str(behavior.retry_after)})
        if behavior.etags and not request.of_data_api:
            answer = tagged(request, answer)
        if not self._counts(request):
            return answer
        return _with(answer, {"RateLimit-Remaining": str(self._account.pool.remaining(now))})

    def _execute(self, request: Request, now: datetime) -> Answer:
        """Carry out an authenticated request; raises `Refused`."""
        found = match_route(ROUTES, request)
        if self._counts(request) and (found is None or found[0].counted):
            self._account.pool.take(now)
        if found is None:
            raise no_endpoint()
        route, names = found
        call = Call(account=self._account, request=request, names=names, given=given(request), now=now)
        return route.does(call)

    def _counts(self, request: Request) -> bool:
        return self._account.behavior.data_api_counts or not request.of_data_api


def _with(answer: Answer, headers: Mapping[str, str]) -> Answer:
    return replace(answer, headers={**answer.headers, **headers})
