"""People, user groups, channels and commands of a workspace, and the default workspace.

People are named by role. Ids are fixed and readable, in the pattern of Slack's own.
Facts: Slack developer documentation, user object, conversation object and usergroups.list, 2026-11.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sandbox.slack.validation.checks import Json

Locale = Literal["en-US", "ja-JP"]
EVENTS = frozenset(
    {
        "app_home_opened",
        "app_uninstalled",
        "channel_unarchive",
        "group_unarchive",
        "member_joined_channel",
        "subteam_members_changed",
        "subteam_updated",
        "tokens_revoked",
        "user_change",
    }
)
"""Events that the bot has subscribed to, as in its manifest."""
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)  # when everything in the default workspace was made


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the workspace, or a stranger in a shared channel, or a bot."""

    id: str
    name: str
    real_name: str
    title: str = ""
    tz: str = "Europe/Berlin"
    locale: Locale = "en-US"
    deleted: bool = False
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    team: str = "T0ACME"
    bot_id: str | None = None
    updated: datetime = _BEGINNING

    def user(self, *, now: datetime, with_locale: bool = False) -> Json:
        """Return Slack's user object as of `now` (which decides on summer time)."""
        known: Json = {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "deleted": self.deleted,
            "profile": self._profile(),
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": int(self.updated.timestamp()),
        }
        if self.deleted:
            return known  # Slack leaves out zone, locale and every role of a deactivated account
        return {
            **known,
            "real_name": self.real_name,
            **self._zone(now),
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            **({"is_stranger": True} if self.is_stranger else {}),
            **({"locale": self.locale} if with_locale else {}),
        }

    def _zone(self, now: datetime) -> Json:
        local = now.astimezone(ZoneInfo(self.tz))
        offset = local.utcoffset()
        seconds = int(offset.total_seconds()) if offset else 0
        return {"tz": self.tz, "tz_label": local.tzname(), "tz_offset": seconds}

    def _profile(self) -> Json:
        bot = {"bot_id": self.bot_id, "api_app_id": "A0PGACCESS"} if self.bot_id else {}
        names = {"real_name": self.real_name, "real_name_normalized": self.real_name}
        shown = {"display_name": self.name, "display_name_normalized": self.name}
        return {"title": self.title, **names, **shown, "team": self.team, **bot}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """A mentionable group of people; `disabled` ones stay known but are no longer used."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]
    disabled: bool = False
    created: datetime = _BEGINNING
    updated: datetime = _BEGINNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel, or with `is_im` the direct messages between one person and the bot."""

    id: str
    name: str
    members: frozenset[str]
    is_im: bool = False
    is_private: bool = False
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command of the bot's, with Slack's usage hint."""

    command: str
    hint: str
    should_escape: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A global shortcut of the bot's, which Slack lists beside the message box."""

    callback_id: str
    name: str


@dataclass(slots=True, kw_only=True)
class World:
    """Initial state of a workspace. The maps are keyed by id and may be changed by a test."""

    people: dict[str, Person]
    groups: dict[str, UserGroup]
    channels: dict[str, Channel]
    commands: tuple[Command, ...]
    shortcuts: tuple[Shortcut, ...] = ()
    bot: str = "U0PGACCESS"
    bot_id: str = "B0PGACCESS"
    app_id: str = "A0PGACCESS"
    team_id: str = "T0ACME"
    team_name: str = "Acme"
    team_domain: str = "acme"
    events: frozenset[str] = EVENTS

    def person(self, ref: str) -> Person:
        """Return the person with this id or name; raises `KeyError`."""
        if ref in self.people:
            return self.people[ref]
        by_name = {person.name: person for person in self.people.values()}
        return by_name[ref.removeprefix("@")]

    def group(self, ref: str) -> UserGroup:
        """Return the user group with this id or handle; raises `KeyError`."""
        by_handle = {group.handle: group for group in self.groups.values()}
        return self.groups.get(ref) or by_handle[ref.removeprefix("@")]

    def deactivate(self, ref: str) -> Person:
        """Deactivate an account: it leaves every user group and stays known; return it as it is now."""
        gone = replace(self.person(ref), deleted=True)
        self.people[gone.id] = gone
        for group in self.groups.values():
            left = tuple(user for user in group.users if user != gone.id)
            self.groups[group.id] = replace(group, users=left)
        return gone


def world(people: Iterable[Person], groups: Iterable[UserGroup], channels: Iterable[Channel]) -> World:
    """Return a workspace with these people, the bot, Slackbot, ``/pgaccess`` and the bot's shortcut."""
    bot = Person(id="U0PGACCESS", name="pgaccess", real_name="pgaccess", is_bot=True, bot_id="B0PGACCESS")
    # Slackbot is listed with is_bot false in every workspace (Slack developer documentation, users.list).
    slackbot = Person(id="USLACKBOT", name="slackbot", real_name="Slackbot", tz="America/Los_Angeles")
    return World(
        people={person.id: person for person in (bot, slackbot, *people)},
        groups={group.id: group for group in groups},
        channels={channel.id: channel for channel in channels},
        commands=(Command(command="/pgaccess", hint="mtls add 203.0.113.4 to billing for 8h"),),
        shortcuts=(Shortcut(callback_id="shortcut.ask", name="Request access"),),
    )


def default_world() -> World:
    """Return the workspace of the demo and of most tests."""
    engineers, leads, guest = ("U0ENGINEER", "U0ENGINEER2"), ("U0LEAD", "U0LEAD2"), "U0GUEST"
    new_york, tokyo = "America/New_York", "Asia/Tokyo"
    people = (
        Person(id="U0ENGINEER", name="engineer", real_name="Engineer", title="Backend engineer"),
        Person(id="U0LEAD", name="lead", real_name="Lead", title="Team lead", tz=new_york, is_admin=True),
        Person(
            id="U0LEAD2", name="lead-2", real_name="リード", title="チームリード", tz=tokyo, locale="ja-JP"
        ),
        Person(
            id="U0ENGINEER2",
            name="engineer-2",
            real_name="エンジニア",
            title="エンジニア",
            tz=tokyo,
            locale="ja-JP",
        ),
        Person(id=guest, name="guest", real_name="Guest", title="Contractor", is_restricted=True),
    )
    bot = "U0PGACCESS"
    return world(
        people,
        [UserGroup(id="S0LEADS", handle="leads", name="Leads", users=leads)],
        [
            Channel(id="C0APPROVALS", name="approvals", members=frozenset({bot, *leads, *engineers})),
            Channel(id="C0GENERAL", name="general", members=frozenset({bot, *leads, *engineers, guest})),
            Channel(id="C0OPERATIONS", name="operations", members=frozenset({bot, *leads})),
        ],
    )


def crowd(
    count: int, *, deactivated: int = 0, groups: int = 0, group_size: int = 25
) -> tuple[tuple[Person, ...], tuple[UserGroup, ...]]:
    """Return generated accounts, the last ones deactivated, and user groups of them.

    Args:
        count: Accounts in all; ids ``U1000000``, ``U1000001`` and so on.
        deactivated: How many of them are deactivated; these are in no group.
        groups: User groups; ids ``S1000``, ``S1001`` and so on.
        group_size: Members of each group.
    """
    active = count - deactivated
    people = tuple(
        Person(
            id=f"U{1_000_000 + number}",
            name=f"person-{number}",
            real_name=f"Person {number}",
            deleted=number >= active,
        )
        for number in range(count)
    )
    members = [tuple(people[(first + n) % active].id for n in range(group_size)) for first in range(groups)]
    return people, tuple(
        UserGroup(id=f"S{1000 + number}", handle=f"group-{number}", name=f"Group {number}", users=users)
        for number, users in enumerate(members)
    )
