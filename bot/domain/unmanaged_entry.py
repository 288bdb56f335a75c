"""Which entries an observation shows that pgaccess does not manage.

Pure.
"""

from dataclasses import dataclass

from bot.domain.mtls.observation import MtlsObservation
from bot.domain.observation import Observation
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.trusted_ips.ruleset import RulesetObservation


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenEntry:
    """An unmanaged entry as one observation shows it.

    Attributes:
        entry: Heroku's id of an IP rule; an ARN; a range's source.
        subject: what it allows.
        description: as Heroku has it.
        created_by: who wrote it; empty where Heroku does not tell.
    """

    entry: str
    subject: str
    description: str = ""
    created_by: str = ""


def seen_entries(observation: Observation) -> tuple[SeenEntry, ...]:
    """Returns the entries that an observation shows and that are not owned."""
    match observation:
        case MtlsObservation():
            return tuple(
                SeenEntry(entry=str(rule.id), subject=str(rule.network), description=rule.description)
                for rule in observation.rules
                if rule.id not in observation.ours
            )
        case PrivateLinkObservation():
            return tuple(SeenEntry(entry=each.arn, subject=each.arn) for each in observation.unmanaged)
        case RulesetObservation():
            ruleset = observation.ruleset
            sources = dict.fromkeys(rule.source for rule in ruleset.rules if rule.network is not None)
            return tuple(
                SeenEntry(entry=source, subject=source, created_by=ruleset.by)
                for source in sources
                if source not in observation.ours
            )
