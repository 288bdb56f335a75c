"""What a line about PrivateLink can ask for; values stay words, and what is None was not said."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class AskLinkAdd:
    """Let AWS accounts in, and open PrivateLink where there is none.

    Attributes:
        accounts: one or more, as they were typed.
        target: a database's, an app's or an alias' name.
        duration: for ``parse_duration``, or ``forever``; never together with ``until``.
        until: for ``parse_until``.
        reason: in the person's own words.
    """

    accounts: str | None = None
    target: str | None = None
    duration: str | None = None
    until: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskLinkRemove:
    """Let AWS accounts in no longer."""

    accounts: str | None = None
    target: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskLinkAdopt:
    """Take AWS accounts over that somebody else let in."""

    accounts: str | None = None
    target: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskLinkStatus:
    """Show how it stands with a database's PrivateLink."""

    target: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskLinkClose:
    """Close a database's PrivateLink as a whole."""

    target: str | None = None
    reason: str | None = None


AskLink = AskLinkAdd | AskLinkRemove | AskLinkAdopt | AskLinkStatus | AskLinkClose
"""Everything that a line about PrivateLink can ask for."""
