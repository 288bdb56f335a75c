"""The answer to ``why`` about a space."""

from collections.abc import Sequence
from functools import partial

from bot.domain.policy.rules import Policy
from bot.domain.reach import reach_of
from bot.domain.subject import Network
from bot.i18n.translator import Translator
from bot.ports import Message, RequestDetails, SpaceStatus
from bot.views import block_kit, reach
from bot.views.method_view import asking_for
from bot.views.requests import request_state
from bot.views.trusted_ips import summary


def address(status: SpaceStatus, network: Network, *, t: Translator) -> Message:
    """What allows an address to a space, whoever asked for it."""
    if not status.space.takes_ranges:
        return block_kit.paragraphs(t("trusted.shield" if status.space.shield else "trusted.fir"))
    observation, space = status.observation, status.space.name
    if observation is None:
        return block_kit.paragraphs(t("status.unseen"))
    (reached,) = reach_of(network, method=summary.METHOD, observation=observation, nearby=status.nearby)
    title = t("why.range.title", space=space, at=observation.at)
    said = (title, reach.verdict(reached, space, "", t))
    services = block_kit.context(t(f"trusted.services.{status.services}"))
    return block_kit.message(title, [*map(block_kit.section, said), services])


def why(status: SpaceStatus, requests: Sequence[RequestDetails], *, t: Translator, policy: Policy) -> Message:
    """What keeps a person from reaching a space, step by step.

    Args:
        status: the space.
        requests: the person's own.
        t: the reader's language.
        policy: names the approvers.
    """
    if not status.space.takes_ranges:
        return block_kit.paragraphs(t("trusted.shield" if status.space.shield else "trusted.fir"))
    if status.observation is None:
        return block_kit.paragraphs(t("status.unseen"))
    space, state = status.space.name, partial(request_state.state_line, t=t, policy=policy)
    title = t("why.range.title", space=space, at=status.observation.at)
    steps = summary.steps(status, asking_for(summary.METHOD, requests), t, state)
    texts = (title, *(steps or [t("why.range.none", space=space)]))
    services = block_kit.context(t(f"trusted.services.{status.services}"))
    return block_kit.message(title, [*(block_kit.section(text) for text in texts), services])
