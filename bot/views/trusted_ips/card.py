"""A card about a trusted range: its width, and what approving would change for the whole space."""

from typing import Final

from bot.domain.network import address_count
from bot.domain.observation import ruleset_observation
from bot.domain.request import Kind
from bot.domain.trusted_ips.alternatives import MOST
from bot.domain.trusted_ips.ruleset import LIMIT, RulesetObservation
from bot.i18n.translator import Translator, cut
from bot.ports import RequestDetails
from bot.views import reach
from bot.views.method_view import documentation_note, network_facts, operation_impact
from bot.views.text import one_line

WIDE: Final = 16
"""Prefix length that Heroku calls generally unsafe (Dev Center, "Trusted IP Ranges", 2026-03)."""


def facts(details: RequestDetails, t: Translator) -> list[tuple[str, str]]:
    """How many addresses the range has, and why no other method will do, as the requester says."""
    facts = network_facts(details.request.terms.subject, t)
    if said := details.request.terms.alternatives:
        facts.append((t("card.alternatives"), cut(one_line(said), MOST)))
    return facts


def impact(details: RequestDetails, t: Translator) -> str:
    """What approving would change for the whole space, as of the last observation, and what is better."""
    if details.request.kind is Kind.REMOVE_UNMANAGED:
        return " ".join([operation_impact(details, t), *reach.stays_removed(details, t)])
    if details.request.kind is not Kind.OPEN:
        return operation_impact(details, t)
    networks = details.request.terms.networks
    observation, space = ruleset_observation(details.observation), details.target.label
    parts: list[str] = [t("card.change.trusted.space", space=space)]
    if observation is None:
        parts.append(t("card.change.trusted.unseen"))
    else:
        parts += _effect(details, observation, t)
    wide = [network for network in networks if network.prefixlen <= WIDE]
    if wide:
        parts.append(t("card.change.trusted.wide", count=f"{sum(map(address_count, wide)):,}"))
    parts.append(t("card.change.trusted.better"))
    return " ".join([*parts, *documentation_note(networks, t)])


def _effect(details: RequestDetails, observation: RulesetObservation, t: Translator) -> list[str]:
    networks, used = details.request.terms.networks, len(observation.ruleset.rules)
    # Where everybody is allowed, no single entry is worth naming.
    all_of_them = [t("card.change.trusted.all")] if observation.open_to_all else reach.covering(details, t)
    if len(networks) > 1:
        new = set(networks) - {rule.network for rule in observation.ruleset.rules}
        all_of_them = all_of_them if observation.open_to_all else []
        return [
            t("card.change.trusted.add.several", count=len(new), used=used + len(new), limit=LIMIT),
            *all_of_them,
        ]
    (network,) = networks
    if all(rule.network != network for rule in observation.ruleset.rules):
        return [t("card.change.trusted.add", used=used, limit=LIMIT), *all_of_them]
    if str(network) in observation.ours:
        return [t("card.change.trusted.ours", network=network), *all_of_them]
    return [t("card.change.trusted.unmanaged"), *all_of_them]
