"""What a line about mTLS as a whole or about certificates can ask for; what is None was not said."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class AskEnable:
    """Enable mTLS on a database."""

    target: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskDisable:
    """Disable mTLS on a database, with every rule and certificate."""

    target: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskIssue:
    """Have a client certificate made; the reason is its purpose."""

    target: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskStock:
    """Show the certificates of one database, or of all of them."""

    target: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskDiscard:
    """Have a certificate made worthless; ``handle`` is what people call it."""

    handle: str | None = None
    reason: str | None = None


AskCertificate = AskEnable | AskDisable | AskIssue | AskStock | AskDiscard
"""Everything that such a line can ask for."""
