"""A space's trusted ranges beside something else: on a database's status, and in what keeps somebody out."""

from collections.abc import Iterable, Sequence
from typing import Final

from bot.domain.method import Method
from bot.domain.policy import Policy
from bot.domain.request import Kind
from bot.domain.trusted_ips.ruleset import LIMIT, RulesetObservation, Services
from bot.i18n.translator import Mrkdwn, Translator, cut
from bot.ports import Block, DatabaseStatus, Message, RequestDetails, SpaceStatus
from bot.views import block_kit, drift, request_card

NAMED: Final = 5
"""Ranges, and requests, that one line or answer names."""

SOURCE: Final = 60
"""Characters of a source; what others wrote need not be a network."""


def brief(situation: DatabaseStatus, t: Translator) -> list[Block]:
    """On a database's status: its space's ranges in a line, and what the last look has found."""
    space = situation.space
    if space is None:
        return []
    observation, name = space.observation, space.space.name
    if observation is None:
        return [block_kit.section(t("status.trusted.none", space=name))]
    named = [f"`{_source(rule.source)}`" for rule in observation.ruleset.rules]
    ranges = Mrkdwn(", ".join(named[:NAMED]) or "–")
    if len(named) > NAMED:
        more = len(named) - NAMED
        ranges = t("status.trusted.more", ranges=ranges, count=more, space=name)
    used = len(named)
    said = [t("status.trusted", space=name, used=used, limit=LIMIT, at=observation.at, ranges=ranges)]
    if observation.ruleset.applied is False:
        said.append(t("trusted.unapplied", by=observation.ruleset.by or "–"))
    found = drift.found(observation.drift, space.open, Method.TRUSTED, t)
    return [block_kit.section("\n".join(said)), *found]


def why_space(
    situation: SpaceStatus, mine: Sequence[RequestDetails], *, t: Translator, policy: Policy
) -> Message:
    """Step by step, what stands between a person and a space.

    Args:
        situation: the space.
        mine: the person's own requests.
        words: the reader's language.
        policy: names the approvers.
    """
    space, observation = situation.space.name, situation.observation
    if observation is None:
        unseen = t("status.unseen")
        return Message(text=unseen, blocks=[block_kit.section(unseen)])
    title = t("why.range.title", space=space, at=observation.at)
    steps = why(situation, mine, t, policy=policy) or [t("why.range.none", space=space)]
    services = t(f"trusted.services.{situation.services}")
    shown = [block_kit.section(said) for said in (title, *steps)]
    return Message(text=title, blocks=[*shown, block_kit.context(services)])


def why(
    situation: SpaceStatus | None, mine: Iterable[RequestDetails], t: Translator, *, policy: Policy
) -> list[Mrkdwn]:
    """The person's own requests for ranges of a space, each held against what Heroku has."""
    if situation is None or situation.observation is None:
        return []
    asked = [
        case
        for case in mine
        if case.request.kind is Kind.OPEN and case.request.terms.method is Method.TRUSTED
    ]
    return [_step(case, situation, situation.observation, t, policy) for case in asked[:NAMED]]


def _step(
    case: RequestDetails,
    situation: SpaceStatus,
    observation: RulesetObservation,
    t: Translator,
    policy: Policy,
) -> Mrkdwn:
    network = case.request.terms.network
    params = {"network": network, "id": case.request.id, "space": situation.space.name}
    if all(rule.network != network for rule in observation.ruleset.rules):
        state = request_card.state_line(case, t=t, policy=policy)
        return t("why.range.missing", state=state, **params)
    if observation.ruleset.applied is False:
        return t("why.range.unapplied", **params)
    if situation.services is not Services.CONFIRMED:
        return t("why.range.services", **params)
    return t("why.range.open", **params)


def _source(text: str) -> Mrkdwn:
    return cut(text.replace("`", "'"), SOURCE)
