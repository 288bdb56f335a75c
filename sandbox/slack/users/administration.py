"""Actions of a workspace administrator, and the events that they send to the bot.

Facts: Slack developer documentation, 2026-11: the events ``user_change``, ``team_join``,
``channel_unarchive``, ``group_unarchive``, ``member_joined_channel`` (that a bot hears of its own joining is
reported by users and not documented: nothing relies on it), ``subteam_members_changed`` ("only shows the
delta"), ``subteam_updated`` ("may also arise when a subteam has been disabled"), ``tokens_revoked`` and
``app_uninstalled``; a bot token is ``account_inactive`` once its app is gone. Whether Slack also tells of the
groups that a deactivated account leaves is not documented: here it does not, so that nothing relies on it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.model.fixtures import Channel, Locale, Person, UserGroup
from sandbox.slack.model.json_shapes import user_group
from sandbox.slack.users.simulated_users import Outcome, People
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.errors import Refused

SNAPSHOT_MOST: Final = 500
"""Members that ``subteam_updated`` lists: "The users field is truncated at 500"."""

_DONE: Final = Outcome(ok=True)


class Administration:
    """A workspace administrator. Each action changes the workspace, then awaits the delivery of its events.

    People, groups and channels are named by id or by name; raises `Refused` for one that is not there.

    Args:
        slack: The workspace.
        people: The simulated users, through whom events are delivered.
        clock: Returns the present; Slack's own is real time.
    """

    def __init__(
        self,
        slack: SlackEmulator,
        people: People,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._slack = slack
        self._people = people
        self._now = clock
        self._by_name: dict[str, Callable[[Json], Awaitable[Outcome]]] = {
            "deactivate": lambda given: self.deactivates(given["person"]),
            "reactivate": lambda given: self.reactivates(given["person"]),
            "make_guest": lambda given: self.makes_guest(
                given["person"], single_channel=bool(given.get("single_channel"))
            ),
            "make_member": lambda given: self.makes_member(given["person"]),
            "rename": lambda given: self.renames(given["person"], given["real_name"]),
            "set_members": lambda given: self.sets_members(given["group"], given["users"]),
            "disable_group": lambda given: self.disables(given["group"]),
            "enable_group": lambda given: self.enables(given["group"]),
            "archive": lambda given: self.archives(given["channel"]),
            "unarchive": lambda given: self.unarchives(given["channel"]),
            "remove_bot": lambda given: self.removes_bot(given["channel"]),
            "invite_bot": lambda given: self.invites_bot(given["channel"]),
            "delete_message": lambda given: self.deletes(given["channel"], given["ts"]),
            "revoke_token": lambda _: self.revokes_token(),
            "uninstall": lambda _: self.uninstalls(),
            "install": lambda _: self.installs(),
        }

    async def does(self, given: Json) -> Outcome:
        """Carry out the action that ``do`` names, with its arguments beside it.

        Raises:
            Refused: ``invalid_arguments`` for an unknown action; whatever the action raises.
            KeyError: an argument is missing.
        """
        act = self._by_name.get(given["do"])
        if act is None:
            raise Refused("invalid_arguments")
        return await act(given)

    async def deactivates(self, person: str) -> Outcome:
        """Deactivate an account: it leaves its groups and can do nothing more."""
        return await self._people.deactivates(self._person(person).id)

    async def reactivates(self, person: str) -> Outcome:
        """Activate an account again; it is in no group."""
        return await self._changes(replace(self._person(person), deleted=False))

    async def makes_guest(self, person: str, *, single_channel: bool = False) -> Outcome:
        """Make a person a guest, of one channel (``is_ultra_restricted``) or of several."""
        # A single-channel guest has both flags: the two fields are read in combination (user object).
        return await self._changes(
            replace(self._person(person), is_restricted=True, is_ultra_restricted=single_channel)
        )

    async def makes_member(self, person: str) -> Outcome:
        """Make a guest a full member."""
        return await self._changes(
            replace(self._person(person), is_restricted=False, is_ultra_restricted=False)
        )

    async def renames(self, person: str, real_name: str) -> Outcome:
        """Change a person's full name; the handle stays."""
        return await self._changes(replace(self._person(person), real_name=real_name))

    async def moves(self, person: str, *, tz: str, locale: Locale) -> Outcome:
        """Change a person's time zone and language."""
        return await self._changes(replace(self._person(person), tz=tz, locale=locale))

    async def welcomes(self, person: Person) -> Outcome:
        """Add a person to the workspace, or a stranger to a shared channel; sends ``team_join``."""
        now = self._now()
        self._slack.world.people[person.id] = replace(person, updated=now)
        self._slack.workspace.touch()
        user = person.user(now=now, with_locale=True)
        return await self._people.hears({"type": "team_join", "user": user, "cache_ts": int(now.timestamp())})

    async def sets_members(self, group: str, users: list[str]) -> Outcome:
        """Set the members of a user group; sends the difference and the whole list."""
        before = self._group(group)
        ids = tuple(self._person(one).id for one in users)
        after = self._keeps(replace(before, users=ids))
        told = await self._people.hears(self._difference(before, after))
        return await self._tells_of(after) if told.ok else told

    async def disables(self, group: str) -> Outcome:
        """Disable a user group: it stays known and cannot be mentioned."""
        return await self._tells_of(self._keeps(replace(self._group(group), disabled=True)))

    async def enables(self, group: str) -> Outcome:
        """Enable a user group again."""
        return await self._tells_of(self._keeps(replace(self._group(group), disabled=False)))

    async def archives(self, channel: str) -> Outcome:
        """Archive a channel; the bot has no subscription for it, and what it posts there is refused."""
        return self._puts(replace(self._channel(channel), is_archived=True))

    async def unarchives(self, channel: str) -> Outcome:
        """Unarchive a channel; sends ``channel_unarchive``, of a private one ``group_unarchive``."""
        there = replace(self._channel(channel), is_archived=False)
        self._puts(there)
        kind = "group_unarchive" if there.is_private else "channel_unarchive"
        # Of a private channel only its members hear.
        if there.is_private and self._slack.world.bot not in there.members:
            return _DONE
        event: Json = {"type": kind, "channel": there.id, "user": self._someone()}
        return await self._people.hears(event)

    async def removes_bot(self, channel: str) -> Outcome:
        """Remove the bot from a channel; it has no subscription for it."""
        there = self._channel(channel)
        return self._puts(replace(there, members=there.members - {self._slack.world.bot}))

    async def invites_bot(self, channel: str) -> Outcome:
        """Add the bot to a channel; sends ``member_joined_channel`` about itself."""
        there = self._channel(channel)
        self._puts(replace(there, members=there.members | {self._slack.world.bot}))
        event: Json = {
            "type": "member_joined_channel",
            "user": self._slack.world.bot,
            "channel": there.id,
            "channel_type": "G" if there.is_private else "C",
            "team": self._slack.world.team_id,
            "inviter": self._someone(),
        }
        return await self._people.hears(event)

    async def deletes(self, channel: str, ts: str) -> Outcome:
        """Delete a message; the bot has no subscription for it."""
        workspace = self._slack.workspace
        workspace.remove(workspace.find(self._channel(channel).id, ts))
        return _DONE

    async def revokes_token(self) -> Outcome:
        """Revoke the bot's token: every call is rejected from now on."""
        self._slack.refusal = "account_inactive"
        tokens: Json = {"oauth": [], "bot": [self._slack.world.bot]}
        return await self._people.hears({"type": "tokens_revoked", "tokens": tokens})

    async def uninstalls(self) -> Outcome:
        """Uninstall the app: its token is revoked, and its command is gone."""
        self._slack.installed = False
        self._slack.workspace.touch()
        revoked = await self.revokes_token()
        told = await self._people.hears({"type": "app_uninstalled"})
        return told if revoked.ok else revoked

    async def installs(self) -> Outcome:
        """Reinstall the app with its old token."""
        self._slack.installed, self._slack.refusal = True, None
        self._slack.workspace.touch()
        return _DONE

    async def _changes(self, person: Person) -> Outcome:
        now = self._now()
        changed = self._slack.world.people[person.id] = replace(person, updated=now)
        self._slack.workspace.touch()
        user = changed.user(now=now, with_locale=True)
        return await self._people.hears(
            {"type": "user_change", "user": user, "cache_ts": int(now.timestamp())}
        )

    async def _tells_of(self, group: UserGroup) -> Outcome:
        shape = user_group(self._slack.world, group, users=True, count=True)
        shape["users"] = shape["users"][:SNAPSHOT_MOST]
        return await self._people.hears({"type": "subteam_updated", "subteam": shape})

    def _difference(self, before: UserGroup, after: UserGroup) -> Json:
        added = [one for one in after.users if one not in before.users]
        removed = [one for one in before.users if one not in after.users]
        return {
            "type": "subteam_members_changed",
            "subteam_id": after.id,
            "team_id": self._slack.world.team_id,
            "date_previous_update": int(before.updated.timestamp()),
            "date_update": int(after.updated.timestamp()),
            "added_users": added,
            "added_users_count": len(added),
            "removed_users": removed,
            "removed_users_count": len(removed),
        }

    def _keeps(self, group: UserGroup) -> UserGroup:
        kept = self._slack.world.groups[group.id] = replace(group, updated=self._now())
        self._slack.workspace.touch()
        return kept

    def _puts(self, channel: Channel) -> Outcome:
        self._slack.world.channels[channel.id] = channel
        self._slack.workspace.touch()
        return _DONE

    def _someone(self) -> str:
        """Return the id of a full member, as whom the administrator acts."""
        people = self._slack.world.people.values()
        return min(one.id for one in people if not (one.is_bot or one.deleted or one.is_restricted))

    def _person(self, ref: str) -> Person:
        try:
            return self._slack.world.person(ref)
        except KeyError as error:
            raise Refused("user_not_found") from error

    def _group(self, ref: str) -> UserGroup:
        try:
            return self._slack.world.group(ref)
        except KeyError as error:
            raise Refused("no_such_subteam") from error

    def _channel(self, ref: str) -> Channel:
        return self._slack.workspace.channel(ref)
