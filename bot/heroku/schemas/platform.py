"""The parts of Heroku's objects that pgaccess reads; everything else in them may change freely."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import structlog
from pydantic import AfterValidator, BaseModel, TypeAdapter

from bot.domain.method import has_mtls
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.observation import IpRule, read_network
from bot.domain.outside.text import DESCRIPTION, UNREADABLE, clean
from bot.domain.target import Database, Space
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetRule
from bot.errors import HerokuAmbiguousError
from bot.heroku.schemas.entries import (
    Entries,
    as_text,
    fields_of,
    id_in,
    made_up_id,
    sort_entries,
    storable,
    told_apart,
    word_in,
)

_PRIMARY: Final = "DATABASE_URL"
"""The config var of an app's primary database; a promoted one has it beside the one it had before."""

VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Name of a config var; Heroku takes the names that shells take (Dev Center, "Config vars")."""

_PRIVATE_PLAN: Final = re.compile(r"(private|shield)")

_GOING: Final = frozenset(("deleting", "deleted"))
"""States of a space that is given up (Platform API reference, "Space")."""

log = structlog.get_logger(__name__)


Text = Annotated[str, AfterValidator(storable)]
"""What is compared or sent back, and so stays as it is otherwise: a range, an account."""


def name_of(text: str) -> str:
    """Cleans a name that somebody else chose."""
    # A backtick would end the code that names stand in, and Slack has no escape for one.
    return clean(text).replace("`", "'")


Name = Annotated[str, AfterValidator(name_of)]
"""A name that somebody else chose: on one line, without control characters or direction marks."""

Description = Annotated[str, AfterValidator(lambda text: clean(text, limit=DESCRIPTION))]
"""The same for a description."""


class Called(BaseModel):
    """A reference to something by its name."""

    name: Name


class Named(Called):
    """A reference to something by id and name."""

    id: UUID


class SpaceOf(Named):
    """The space of an app."""

    shield: bool = False


class AnySpace(Named):
    """A space, from ``GET /spaces``; accounts without Fir spaces may not have a generation."""

    state: Text
    shield: bool = False
    region: Called
    generation: Any = None

    def space(self) -> Space:
        """The space as a value of the domain."""
        return Space(
            id=self.id,
            name=self.name,
            region=self.region.name,
            shield=self.shield,
            generation=_generation(self.generation),
        )


def _generation(sent: object) -> str:
    """A space's generation: sent as ``{id, name}`` or as its mere name; without one it is Cedar."""
    name = sent if isinstance(sent, str) else word_in(sent, "name", "")
    return storable(name).lower() or "cedar"


class HerokuApp(Named):
    """An app, from ``GET /apps``."""

    space: SpaceOf | None = None
    region: Called


class Addon(Named):
    """An add-on, from ``GET /addons``."""

    app: Named
    plan: Called
    config_vars: list[Text] = []

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
            config_var=self.config_var,
            space_id=app.space.id,
        )

    @property
    def config_var(self) -> str:
        """The config var with its URL: the app's primary one, if it has that too; empty without any.

        None is guessed: what the add-on does not list may hold the URL of another database.
        """
        # Others are no names that a shell or Heroku's own tool would take.
        urls = [name for name in self.config_vars if name.endswith("_URL") and VARIABLE.fullmatch(name)]
        return _PRIMARY if _PRIMARY in urls else next(iter(urls), "")


class Limits(BaseModel):
    """The account's request tokens, from ``GET /account/rate-limits``."""

    remaining: int


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


def read_rules(found: object) -> tuple[IpRule, ...]:
    """Reads a database's IP rules, odd ones too."""
    entries = sort_entries(_RULE, found, what="IP rules")
    good = [entry.rule() for entry in entries.good]
    odd = (
        IpRule(
            id=id,
            network=read_network(word_in(entry, "cidr")),
            status=word_in(entry, "status"),
            description=clean(word_in(entry, "description", ""), limit=DESCRIPTION),
            id_read=own,
        )
        for id, own, entry in told_apart(entries.odd, listed={rule.id for rule in good})
    )
    return (*good, *odd)


def read_ruleset(found: object) -> Ruleset:
    """Reads a space's list; each line is kept, one that cannot be read as it was sent.

    ``applied`` is in the official CLI's types and not in the schema: it may be missing.

    Raises:
        HerokuAmbiguousError: there is no list in it.
    """
    ruleset = _ruleset(found)
    if not ruleset.readable:
        raise HerokuAmbiguousError(200, "unreadable", "the list of ranges could not be read")
    return ruleset


def read_rulesets(found: object) -> tuple[Ruleset, ...]:
    """Reads every list that a space had; one that cannot be read keeps its place."""
    if not isinstance(found, list):
        raise HerokuAmbiguousError(200, "unreadable", "the history of ranges could not be read")
    return tuple(map(_ruleset, found))


def _ruleset(sent: object) -> Ruleset:
    lines = fields_of(sent).get("rules")
    readable = isinstance(lines, list)
    rules = tuple(_ruleset_rule(line) for line in lines) if isinstance(lines, list) else ()
    unread = sum(rule.action == UNREADABLE for rule in rules)
    if unread or not readable:
        log.warning("heroku.entries_unread", what="trusted ranges", unread=unread, listed=len(rules))
    return Ruleset(
        id=id_in(sent) or made_up_id(sent),
        rules=rules,
        applied=_applied(fields_of(sent).get("applied")),
        by=name_of(word_in(sent, "created_by", "")),
        at=read_moment(word_in(sent, "created_at", "")),
        readable=readable,
    )


def _ruleset_rule(line: object) -> RulesetRule:
    """One line; others write lines too, and what cannot be read has to be written back as it was."""
    action, source = fields_of(line).get("action"), fields_of(line).get("source")
    if isinstance(action, str) and isinstance(source, str) and action != UNREADABLE:
        clear = storable(action) == action and storable(source) == source
        return RulesetRule(action, source) if clear else RulesetRule(UNREADABLE, as_text(line))
    return RulesetRule(UNREADABLE, as_text(line))


def _applied(sent: object) -> bool | None:
    """Whether a list is in force; a word that is not known means "not yet"."""
    return sent if sent is None else sent is True


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


def read_certificates(found: object) -> tuple[Certificate, ...]:
    """Reads a database's client certificates, odd ones too."""
    entries = sort_entries(_CERTIFICATE, found, what="certificates")
    good = [entry.certificate() for entry in entries.good]
    odd = (
        Certificate(
            id=id,
            name=word_in(entry, "name"),
            status=word_in(entry, "status"),
            expires_at=read_moment(word_in(entry, "expires_at", "")),
            id_read=own,
        )
        for id, own, entry in told_apart(entries.odd, listed={each.id for each in good})
    )
    return (*good, *odd)


def read_databases(
    addons: Entries[Addon], apps: Entries[HerokuApp], known: Sequence[Database]
) -> tuple[Database, ...]:
    """Reads every Postgres in a space from the lists of add-ons and apps.

    Args:
        addons: the add-ons.
        apps: the apps; an add-on does not say which space it is in, its app does.
        known: databases that were there before: one whose add-on or app is odd now is there as it was.
    """
    of_app = {app.id: app for app in apps.good}
    before = {database.id: database for database in known}
    found: dict[UUID, Database] = {}
    for addon in addons.good:
        if not is_private_postgres(addon):
            continue
        database = addon.database(of_app.get(addon.app.id))
        if addon.app.id not in of_app and apps.may_have(addon.app.id):
            database = before.get(addon.id)
        if database is not None:
            found[addon.id] = database
    listed = {addon.id for addon in addons.good}
    kept = (database for id, database in before.items() if id not in listed and addons.may_have(id))
    return (*found.values(), *kept)


def read_spaces(found: Entries[AnySpace], known: Sequence[Space]) -> tuple[Space, ...]:
    """Reads every space that is ready for use, or was before and is not being deleted.

    Args:
        found: the spaces.
        known: those that were there before: one that is odd now, or whose state is not known, is still there.
    """
    before = {space.id for space in known}
    good = tuple(
        each.space()
        for each in found.good
        if each.state == "allocated" or (each.id in before and each.state not in _GOING)
    )
    listed = {each.id for each in found.good}
    return (*good, *(space for space in known if space.id not in listed and found.may_have(space.id)))


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


_RULE: Final = TypeAdapter(AnyRule)
_CERTIFICATE: Final = TypeAdapter(AnyCertificate)
