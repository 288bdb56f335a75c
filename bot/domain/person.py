"""People as Slack knows them, and who of them may ask or decide at all."""

from dataclasses import dataclass

from bot.errors import Refusal, Refused


class UserId(str):
    """Slack's id of a person, ``U…`` or ``W…``, where it is to be shown: as a mention, not as text."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One person of the workspace, from Slack's ``users.info`` or ``users.list``.

    Attributes:
        id: Slack's id, ``U…`` or ``W…``.
        name: what colleagues call them.
        locale: Slack's locale, for example ``en-US``.
        zone: IANA time zone name.
        deactivated: the account is closed.
        bot: an app or a workflow, not a human.
        guest: a single- or multi-channel guest.
        external: from another organisation, through a shared channel.
        groups: ids of the user groups of the policy that they are in, as far as known.
        groups_known: the members of every group that was asked about are known.
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
    groups_known: bool = True

    @property
    def ids(self) -> frozenset[str]:
        """What the policy may know them by: their own id, and their groups'."""
        return self.groups | {self.id}


def require_member(person: Person | None) -> Person:
    """Returns the person if they are a full, active, human member of this workspace.

    Raises:
        Refused: for everybody else; unknown people are asked to try again.
    """
    if person is None:
        raise Refused(Refusal.PERSON_UNKNOWN)
    if person.deactivated or person.bot:
        raise Refused(Refusal.PERSON_INACTIVE)
    if person.guest or person.external:
        raise Refused(Refusal.PERSON_OUTSIDE)
    return person
