"""Slack users, and the check that a user is a full member."""

from dataclasses import dataclass

from bot.errors import Refusal, Refused


class UserId(str):
    """Slack's id of a person, ``U…`` or ``W…``, where it is to be shown: as a mention, not as text."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A user of the workspace, from Slack's ``users.info`` or ``users.list``.

    Attributes:
        id: Slack's id, ``U…`` or ``W…``.
        name: display name.
        locale: Slack's locale, for example ``en-US``.
        zone: IANA time zone name.
        deactivated: whether the account is deactivated.
        bot: whether it is an app or a workflow.
        guest: whether it is a single- or multi-channel guest.
        external: whether they are from another organization, through a shared channel.
        groups: ids of the policy's user groups that they are a member of, as far as known.
        unknown_groups: user groups of the policy whose members are not known at this moment.
    """

    id: str
    name: str
    locale: str
    zone: str
    deactivated: bool
    bot: bool
    guest: bool
    external: bool
    groups: frozenset[str] = frozenset()
    unknown_groups: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """Every id that the policy may name them by: their own and their groups'."""
        return self.groups | {self.id}


def require_member(person: Person | None) -> Person:
    """Returns the person if they are a full, active, human member of this workspace.

    Raises:
        Refused: for everybody else; unknown users are asked to try again.
    """
    if person is None:
        raise Refused(Refusal.PERSON_UNKNOWN)
    if person.deactivated or person.bot:
        raise Refused(Refusal.PERSON_INACTIVE)
    if person.guest or person.external:
        raise Refused(Refusal.PERSON_OUTSIDE)
    return person
