"""The parts of Heroku's objects that pgaccess reads; everything else in them may change freely."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel

from bot.domain.method import has_mtls
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.observation import IpRule, read_network
from bot.domain.target import Database, Space
from bot.domain.text import DESCRIPTION, clean
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetRule

_PRIMARY: Final = "DATABASE_URL"
"""The config var of an app's primary database; a promoted one has it beside the one it had before."""

VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Name of a config var; Heroku takes the names that shells take (Dev Center, "Config vars")."""

_PRIVATE_PLAN: Final = re.compile(r"(private|shield)")


def storable(text: str) -> str:
    """The text without what Postgres cannot keep: NUL characters and halves of surrogate pairs.

    Anybody with access to the database may have written it, and one rule must not hide all others.
    """
    return text.replace("\x00", "").encode(errors="replace").decode()


Text = Annotated[str, AfterValidator(storable)]
"""What is compared or sent back, and so stays as it is otherwise: a range, an account."""


def _name(text: str) -> str:
    # A backtick would end the code that names stand in, and Slack has no escape for one.
    return clean(text).replace("`", "'")


Name = Annotated[str, AfterValidator(_name)]
"""A name that somebody else chose: on one line, without control characters or direction marks."""

Description = Annotated[str, AfterValidator(lambda text: clean(text, limit=DESCRIPTION))]
"""The same for a description."""


class Named(BaseModel):
    """A reference to something by id and name."""

    id: UUID
    name: Name


class SpaceOf(Named):
    """The space of an app."""

    shield: bool = False


class AnySpace(Named):
    """A space, from ``GET /spaces``; accounts without Fir spaces may not have a generation."""

    state: str
    shield: bool = False
    region: Named
    generation: Named | None = None

    def space(self) -> Space:
        """The space as a value of the domain."""
        generation = "cedar" if self.generation is None else self.generation.name
        return Space(
            id=self.id, name=self.name, region=self.region.name, shield=self.shield, generation=generation
        )


class HerokuApp(Named):
    """An app, from ``GET /apps``."""

    space: SpaceOf | None = None
    region: Named


class Addon(Named):
    """An add-on, from ``GET /addons``."""

    app: Named
    plan: Named
    addon_service: Named
    config_vars: list[str] = []

    def database(self, app: HerokuApp | None) -> Database | None:
        """The database that this add-on is; None when its app is in no space that the token can see."""
        if app is None or app.space is None:
            return None
        return Database(
            id=self.id,
            name=self.name,
            app=self.app.name,
            space=app.space.name,
            region=app.region.name,
            shield=app.space.shield,
            plan=self.plan.name,
            config_var=self._config_var(),
            space_id=app.space.id,
        )

    def _config_var(self) -> str:
        """The config var with its URL: the app's primary one, if it has that among several."""
        # Others are no names that a shell or Heroku's own tool would take.
        urls = [name for name in self.config_vars if name.endswith("_URL") and VARIABLE.fullmatch(name)]
        return _PRIMARY if _PRIMARY in urls or not urls else urls[0]


class Limits(BaseModel):
    """The account's request tokens, from ``GET /account/rate-limits``."""

    remaining: int


class Endpoint(BaseModel):
    """The mTLS endpoint of a database."""

    status: str


class AnyRule(BaseModel):
    """An IP rule. Its timestamps come in three forms and are not read: Postgres' own time is used instead.

    Others write rules too, so a network that is no IPv4 network, or no description, is nothing wrong: the
    rule counts all the same, and our own in the same list must be found.
    """

    id: UUID
    cidr: Name
    description: Description | None = None
    status: Name

    def rule(self) -> IpRule:
        """The rule as a value of the domain."""
        network = read_network(self.cidr)
        return IpRule(id=self.id, network=network, status=self.status, description=self.description or "")


class AnyRange(BaseModel):
    """One line of a space's list; others write lines too, so neither word is taken for granted."""

    action: Text
    source: Text


class AnyRuleset(BaseModel):
    """A space's list. ``applied`` is in the official CLI's types and not in the schema: it may be missing."""

    id: UUID
    rules: list[AnyRange]
    applied: bool | None = None
    created_by: Name | None = None
    created_at: Text | None = None

    def ruleset(self) -> Ruleset:
        """The list as a value of the domain."""
        rules = tuple(RulesetRule(rule.action, rule.source) for rule in self.rules)
        at = read_moment(self.created_at or "")
        return Ruleset(id=self.id, rules=rules, applied=self.applied, by=self.created_by or "", at=at)


class AnyCertificate(BaseModel):
    """A client certificate, from the list."""

    id: UUID
    name: Name
    status: Name
    expires_at: Text | None = None

    def certificate(self) -> Certificate:
        """The certificate as a value of the domain."""
        end = read_moment(self.expires_at or "")
        return Certificate(id=self.id, name=self.name, status=self.status, expires_at=end)


def read_moment(text: str) -> datetime | None:
    """A time of the Data API in UTC; None where its form is not known, or names no zone.

    Known are RFC 3339, ``2026-01-05 10:00:00 +0000`` and ``2026-01-05 10:00:00 UTC``: the API changed
    from the first to another in 2025 without notice, and its Terraform provider reads all three since
    (herokux, c822fb4, 2025-08).
    """
    spelt = re.sub(
        r"\s*UTC$|(?<=\d)\s+(?=[+-]\d{4}$)", lambda it: "Z" if "UTC" in it[0] else "", text.strip()
    )
    try:
        moment = datetime.fromisoformat(spelt)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    # At the limits of the calendar the conversion to UTC overflows.
    except (ValueError, OverflowError):
        return None


def is_private_postgres(addon: Addon) -> bool:
    """Whether an add-on may be a Postgres in a space, by its plan's name; its app tells for certain.

    Plans are called ``heroku-postgresql:private-4`` or ``…:shield-0``; the part after the colon tells
    (Heroku's official CLI uses the same test). Those of Heroku Postgres Advanced have no access method; they
    are listed all the same, so that a request for one is rejected with that reason.
    """
    service, _, plan = addon.plan.name.partition(":")
    in_space = _PRIVATE_PLAN.search(plan) is not None or not has_mtls(addon.plan.name)
    return "postgres" in service and in_space
