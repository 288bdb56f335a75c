"""A card about a trusted range: its width, and what approving would change for the whole space."""

from typing import Final

from bot.domain.network import address_count, is_documentation
from bot.domain.observation import ruleset_observation
from bot.domain.request import Kind
from bot.domain.trusted_ips.ruleset import LIMIT, RulesetObservation
from bot.i18n.translator import Translator
from bot.ports import RequestDetails
from bot.views import reach
from bot.views.method_view import network_facts, operation_impact

WIDE: Final = 16
"""Prefix length that Heroku calls generally unsafe (Dev Center, "Trusted IP Ranges", 2026-03)."""


def facts(details: RequestDetails, t: Translator) -> list[tuple[str, str]]:
    """How many addresses the range has."""
    return network_facts(details.request.terms.subject, t)


def impact(details: RequestDetails, t: Translator) -> str:
    """What approving would change for the whole space, as of the last observation, and what is better."""
    if details.request.kind is Kind.REMOVE_UNMANAGED:
        return " ".join([operation_impact(details, t), *reach.stays_removed(details, t)])
    if details.request.kind is not Kind.OPEN:
        return operation_impact(details, t)
    network = details.request.terms.network
    observation, space = ruleset_observation(details.observation), details.target.label
    parts: list[str] = [t("card.change.trusted.space", space=space)]
    if observation is None:
        parts.append(t("card.change.trusted.unseen"))
    else:
        parts += _effect(details, observation, t)
    if network.prefixlen <= WIDE:
        parts.append(t("card.change.trusted.wide", count=f"{address_count(network):,}"))
    parts.append(t("card.change.trusted.better"))
    if is_documentation(network):
        parts.append(t("card.documentation"))
    return " ".join(parts)


def _effect(details: RequestDetails, observation: RulesetObservation, t: Translator) -> list[str]:
    network = details.request.terms.network
    # Where everybody is allowed, no single entry is worth naming.
    all_of_them = [t("card.change.trusted.all")] if observation.open_to_all else reach.covering(details, t)
    if all(rule.network != network for rule in observation.ruleset.rules):
        used = len(observation.ruleset.rules)
        return [t("card.change.trusted.add", used=used, limit=LIMIT), *all_of_them]
    if str(network) in observation.ours:
        return [t("card.change.trusted.ours", network=network), *all_of_them]
    return [t("card.change.trusted.unmanaged"), *all_of_them]
