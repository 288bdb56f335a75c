"""What a typed line can ask for: one value for each kind of wish, in the person's own words.

Values stay words: what an address or a duration means, the domain knows. What is None was not said.
"""

from dataclasses import dataclass
from typing import Literal

from handlers.certificate_typed import AskCertificate
from handlers.link_typed import AskLink
from handlers.trusted_typed import AskTrusted, AskTrustedStatus


@dataclass(frozen=True, slots=True)
class AskForm:
    """The bare command: open the form."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskMtlsAdd:
    """Let an address in to a database.

    Attributes:
        address: one word, without quotes and punctuation around it.
        target: a database's, an app's or an alias' name.
        duration: for ``parse_duration``, or ``forever``; never together with ``until``.
        until: for ``parse_until``.
        reason: in the person's own words.
    """

    address: str | None = None
    target: str | None = None
    duration: str | None = None
    until: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskRemove:
    """Let an address in no longer."""

    address: str | None = None
    target: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskAdopt:
    """Take over a rule that somebody else made."""

    address: str | None = None
    target: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskRules:
    """Show which addresses a database lets in."""

    target: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskList:
    """Show what there is: ``mine``, ``pending``, a target's name, or None for everything."""

    which: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskShow:
    """Show one request by its number."""

    number: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskStatus:
    """Show how it stands with a database."""

    target: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskWhy:
    """Explain what somebody may do with a database."""

    target: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskAdvice:
    """Find out which way in to a database fits."""

    target: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskNumbered:
    """Do something to one request, or to what it opened.

    Attributes:
        verb: ``cancel`` what is undecided, end one's own (``done``) or anybody's (``revoke``), ``retry`` what
            failed.
        number: the request's.
        reason: in the person's own words.
    """

    verb: Literal["cancel", "done", "revoke", "retry"]
    number: int | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskExtend:
    """Let what a request opened end later; ``duration`` and ``until`` as for ``AskMtlsAdd``."""

    number: int | None = None
    duration: str | None = None
    until: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskRotate:
    """Have a new certificate made in place of an old one.

    Attributes:
        handle: what people call the old one; None when nothing was said.
        reason: in the person's own words.
    """

    handle: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskFiles:
    """Get the files of one's own certificate; ``handle`` is what people call it."""

    handle: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskHelp:
    """Explain a command, a group of them, or, with an empty topic, everything."""

    topic: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NotYet:
    """A command that is planned and cannot be carried out yet."""

    words: tuple[str, ...]


Typed = (
    AskForm
    | AskMtlsAdd
    | AskRemove
    | AskAdopt
    | AskRules
    | AskList
    | AskShow
    | AskStatus
    | AskWhy
    | AskAdvice
    | AskCertificate
    | AskNumbered
    | AskExtend
    | AskFiles
    | AskRotate
    | AskHelp
    | AskLink
    | AskTrusted
    | AskTrustedStatus
    | NotYet
)
"""Everything that a line can ask for."""
