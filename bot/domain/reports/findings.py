"""Names of findings, and which of them two observations show to be over.

Pure. A finding is named by what it is about, so that what was told of it is found again once it is over.
"""

from collections.abc import Iterable
from uuid import UUID

from bot.domain.drift import Drift
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.observation import Observation
from bot.domain.privatelink.aws_account import number_of
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.trusted_ips.ruleset import RulesetObservation


def unmanaged(target: UUID, entry: object) -> str:
    """The name of an entry that is listed and that pgaccess does not manage."""
    return f"{target} unmanaged {entry}"


def entries_of(target: UUID, names: Iterable[str]) -> tuple[str, ...]:
    """Returns the entries of those findings that are about unmanaged ones, in their order."""
    prefix = unmanaged(target, "")
    return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def absent(target: UUID, entry: object) -> str:
    """The name of an adopted entry that somebody else removed."""
    return f"{target} absent {entry}"


def restored(target: UUID, entry: object) -> str:
    """The name of an owned entry that is listed again although a list had shown it gone."""
    return f"{target} restored {entry}"


def unapplied(target: UUID, entry: object) -> str:
    """The name of an entry, or of a space's list, that is listed and not in force."""
    return f"{target} unapplied {entry}"


def stuck(target: UUID, entry: object) -> str:
    """The name of a range that cannot be removed because it is the only one."""
    return f"{target} stuck {entry}"


def connected(target: UUID, account: object) -> str:
    """The name of connections that exist although their account is not allowed."""
    return f"{target} connected {account}"


def gone(target: UUID) -> str:
    """The name of a target that Heroku no longer has."""
    return f"{target} gone"


def missing(target: UUID) -> str:
    """The name of a target that no discovery finds, together with others."""
    return f"{target} missing"


def certificate(id: UUID) -> str:
    """The name of a client certificate that pgaccess does not manage."""
    return f"certificate {id}"


def group(id: str) -> str:
    """The name of a user group that cannot be read from Slack."""
    return f"group {id}"


def over(target: UUID, before: Observation | None, now: Observation | None) -> frozenset[str]:
    """Returns the findings about a target that the last observation could tell of and this one shows over.

    Args:
        target: Heroku's UUID of the database or space.
        before: the last observation; None when there was none.
        now: this one.
    """
    if before is None or now is None or type(before) is not type(now):
        return frozenset()
    back = {absent(target, entry) for entry in _listed(now) - _listed(before)}
    return frozenset((_standing(target, before) - _standing(target, now)) | back)


def _standing(target: UUID, seen: Observation) -> set[str]:
    """Everything that an observation shows and that could have been told."""
    drift: Drift = seen.drift
    found = {unapplied(target, entry) for entry in drift.unapplied}
    found |= {unmanaged(target, entry) for entry in _unmanaged(seen)}
    if isinstance(seen, MtlsObservation):
        found |= {restored(target, rule.id) for rule in seen.rules}
    if isinstance(seen, PrivateLinkObservation):
        found |= {connected(target, number) for number in _remaining(seen)}
    if isinstance(seen, RulesetObservation):
        allowed = _listed(seen)
        found |= {stuck(target, entry) for entry in allowed if len(allowed) == 1}
        if seen.ruleset.applied is False:
            found.add(unapplied(target, seen.ruleset.id))
    return found


def _listed(seen: Observation) -> set[str]:
    """What an observation lists, as the names of findings have it."""
    match seen:
        case MtlsObservation():
            return {str(rule.network) for rule in seen.rules}
        case PrivateLinkObservation():
            return {account.arn for account in seen.accounts}
        case RulesetObservation():
            return {rule.source for rule in seen.ruleset.rules if rule.network is not None}


def _unmanaged(seen: Observation) -> Iterable[object]:
    match seen:
        case MtlsObservation():
            # By Heroku's id: another rule of the same network is another finding.
            return {rule.id for rule in seen.rules} - seen.ours
        case PrivateLinkObservation():
            return {account.arn for account in seen.unmanaged}
        case RulesetObservation():
            return _listed(seen) - seen.ours


def _remaining(seen: PrivateLinkObservation) -> set[str]:
    """Numbers of accounts that have a connection and are not allowed."""
    allowed = {number_of(account.arn) for account in seen.accounts}
    owners = {part for each in seen.connections for part in each.owner.split(":") if part.isdigit()}
    return owners - allowed
