"""The emulated Heroku: one state machine behind both APIs, with time given to it."""

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
from sandbox.heroku.authentication import Pool, check_token, check_version
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
from sandbox.heroku.routing import Call, chosen, given, no_endpoint
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
"""Both APIs on one port: the official CLI takes the Data API's port from the Platform API's address."""

NO_TOKENS: Final = frozenset({"", "undefined"})
"""What broken clients send as a token, so it cannot be one."""

Thing = TypeVar("Thing", Space, App, Database)


class HerokuEmulator(PlatformExternalChanges, MtlsExternalChanges, PrivateLinkExternalChanges):
    """A Heroku account that keeps state and refuses what Heroku refuses.

    Args:
        token: The only API token it knows; must not be empty or ``undefined``.
        switches: What happens where nobody outside knows.
        pace: How long transitions take.
        seed: Of every id and every chance.
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
            raise ValueError("the emulated Heroku needs a token that is one")
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
        """Let there be a space.

        Args:
            name: Its name.
            region: As Heroku names it.
            shield: Whether it is a Shield Space.
            generation: A Fir space's trusted IP ranges are fixed.
            trusted: What its trusted IP ranges were narrowed to long ago; if empty, they let everybody in.

        Raises:
            ValueError: There is one of that name.
        """
        born = self._account.birth_name("space", name)
        space = Space(name=name, region=region, shield=shield, generation=generation, born=born)
        if trusted:
            ruleset_lifecycle.narrowed(space, trusted)
        return self._new(self._account.spaces, space)

    def add_app(self, name: str, *, space: str | None) -> App:
        """Let there be an app in the space of that name, or in the Common Runtime."""
        home = self._account.space(space) if space else None
        return self._new(self._account.apps, App(name=name, space=home))

    def add_database(
        self,
        name: str,
        *,
        app: str,
        plan: str,
        tls_endpoint: Literal["Operational"] | None = None,
        config_vars: tuple[str, ...] = ("DATABASE_URL",),
    ) -> Database:
        """Let there be a Postgres.

        Args:
            name: Of the add-on.
            app: Name of its app.
            plan: With its service, ``heroku-postgresql:private-4``.
            tls_endpoint: ``Operational`` when mTLS was enabled long ago.
            config_vars: The app's config vars that hold its URL.

        Raises:
            ValueError: There is one of that name, or its plan cannot have mTLS.
        """
        owner = self._account.app(app)
        born = self._account.birth_name("addon", name)
        made = Database(name=name, app=owner, plan=plan, config_vars=config_vars, born=born)
        database = self._new(self._account.databases, made)
        if tls_endpoint:
            if not database.can_have_mtls:
                raise ValueError(f"{plan} cannot have mTLS")
            database.endpoint = mtls_lifecycle.endpoint_for(database, since=LONG_AGO, operational_at=LONG_AGO)
        return database

    def held_back(self, request: Request) -> float:
        """Return the seconds until a request arrives; a door waits so long before it asks for the answer."""
        return self._faults.hold(request)

    def answer(self, request: Request, *, now: datetime) -> Answer:
        """Do what a request asks for and return the answer, with what the outages makes of it."""
        fault = self._faults.strike(request)
        answer = self._served(request, now) if fault is None or fault.done else fault.instead()
        answer = fault.spoilt(answer) if fault else answer
        answer = _with(answer, {"Request-Id": str(self._account.seeded.uuid())})
        self.request_log.write(request, answer, at=now)
        self._account.version.changed()
        return answer

    def fault(self, fault: Fault, *, on: str = "", times: int | None = 1, name: str = "") -> None:
        """Let something go wrong.

        Args:
            fault: What; see `sandbox.heroku.fault_injection`.
            on: A regular expression, searched for in ``METHOD /path``; empty is every call.
            times: With how many calls; None is until cleared.
            name: For clearing this one alone.
        """
        self._faults.add(fault, on=on, times=times, name=name)

    def clear_faults(self, name: str | None = None) -> None:
        """Let everything go well again, or only what has this name."""
        self._faults.clear(name)

    def leave_tokens(self, left: int | None, *, now: datetime) -> None:
        """Let somebody else have used up all request tokens but so many; None fills them up."""
        self._account.pool.leave(left, now)
        self._account.version.changed()

    @property
    def behavior(self) -> Behavior:
        """What it does where nobody outside knows."""
        return self._account.behavior

    def switch(self, **settings: Any) -> None:
        """Have it do otherwise from now on; what is not named stays.

        Args:
            settings: Of `Switches`, by name.

        Raises:
            TypeError: There is no such switch.
        """
        account = self._account
        account.behavior = behavior = replace(account.behavior, **settings)
        if settings.keys() & {"pool", "refill"}:
            account.pool = Pool(size=behavior.pool, refill=behavior.refill)
        account.version.changed()

    def keep_times(self, times: TransitionTimes) -> None:
        """Have transitions that begin from now on take other times."""
        self._account.times = times

    def snapshot(self, *, now: datetime) -> Json:
        """Return what anybody may see at this moment, as JSON."""
        return snapshot(self._account, self.request_log, now)

    @property
    def version(self) -> int:
        """A number that rises when anything visible changes.

        Transitions take real seconds, so this is what counts here, not a time that somebody moves.
        """
        return self.version_at(datetime.now(UTC))

    def version_at(self, now: datetime) -> int:
        """Return the version of a moment."""
        return self._account.version.at(now)

    def _new(self, things: dict[str, Thing], thing: Thing) -> Thing:
        if thing.name in things:
            raise ValueError(f"there is a {thing.name} already")
        things[thing.name] = thing
        self._account.version.changed()
        return thing

    def _served(self, request: Request, now: datetime) -> Answer:
        try:
            check_version(request)
            authorization = check_token(request, self._account.authorizations, now)
            check_scheme(request, bearer=self._account.behavior.data_bearer)
            check_scope(request, authorization, self._account.behavior.data_scopes)
        except Refused as refused:
            return refused.answer()
        try:
            answer = self._done(request, now)
        except Refused as refused:
            answer = refused.answer()
        return self._finished(request, answer, now)

    def _finished(self, request: Request, answer: Answer, now: datetime) -> Answer:
        """Return an answer with the headers that every one of its kind has."""
        behavior = self._account.behavior
        if answer.status == 429 and behavior.retry_after is not None:
            answer = _with(answer, {"Retry-After": str(behavior.retry_after)})
        if behavior.etags and not request.of_data_api:
            answer = tagged(request, answer)
        if not self._counts(request):
            return answer
        return _with(answer, {"RateLimit-Remaining": str(self._account.pool.remaining(now))})

    def _done(self, request: Request, now: datetime) -> Answer:
        """Do the work of an honest request; raises `Refused`."""
        found = chosen(ROUTES, request)
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
