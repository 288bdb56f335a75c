"""The parts of Heroku's objects that pgaccess reads; everything else in them may change freely."""

import re
from typing import Final
from uuid import UUID

from pydantic import BaseModel, field_validator

from bot.domain.target import Database, Network, Rule

_PRIVATE_PLAN: Final = re.compile(r"(private|shield)")
_ADVANCED_PLAN: Final = re.compile(r"(advanced|performance)")
"""Plans of Heroku Postgres Advanced have no mTLS (Heroku Dev Center, 2026-05)."""


class Named(BaseModel):
    """A reference to something by id and name."""

    id: UUID
    name: str


class SpaceOf(Named):
    """The space of an app."""

    shield: bool = False


class App(Named):
    """An app, from ``GET /apps``."""

    space: SpaceOf | None = None
    region: Named


class Addon(Named):
    """An add-on, from ``GET /addons``."""

    app: Named
    plan: Named
    addon_service: Named
    config_vars: list[str] = []

    def database(self, app: App | None) -> Database | None:
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
            config_var=next((name for name in self.config_vars if name.endswith("_URL")), "DATABASE_URL"),
        )


class Endpoint(BaseModel):
    """The mTLS endpoint of a database."""

    status: str


class AnyRule(BaseModel):
    """An IP rule. Its timestamps come in three forms and are not read: Postgres' own time is used instead."""

    id: UUID
    cidr: Network
    description: str | None = None
    status: str

    @field_validator("cidr", mode="before")
    @classmethod
    def _network(cls, value: object) -> Network:
        return Network(str(value))

    def rule(self) -> Rule:
        """The rule as the domain knows it."""
        return Rule(id=self.id, network=self.cidr, status=self.status, description=self.description or "")


def is_private_postgres(addon: Addon) -> bool:
    """Whether an add-on is a Postgres that can have mTLS, by its plan's name.

    Plans are called ``heroku-postgresql:private-4`` or ``…:shield-0``; the part after the colon tells
    (Heroku's official CLI uses the same test).
    """
    service, _, plan = addon.plan.name.partition(":")
    return (
        "postgres" in service
        and _PRIVATE_PLAN.search(plan) is not None
        and _ADVANCED_PLAN.match(plan) is None
    )
