"""The App Home: requests that wait for a person, their own, and those that end soon."""

from collections.abc import Sequence
from typing import Final

from bot.domain.policy.rules import Policy
from bot.i18n.translator import Translator
from bot.ports import Block, HomeSummary, RequestDetails
from bot.views import action_ids, block_kit, buttons, presets
from bot.views.requests import request_card, request_state

SHOWN: Final = 10
"""Requests in each part: a view takes 100 blocks."""


def home(summary: HomeSummary, *, t: Translator, policy: Policy) -> Block:
    """The whole tab, as ``views.publish`` takes it."""
    # They are about no request: only their action ids are read.
    ask = block_kit.button(t("home.ask"), action=action_ids.ASK, value="0.0", style="primary")
    advise = block_kit.button(t("home.advise"), action=action_ids.ADVISE, value="0.0")
    prepared = presets.buttons(policy.presets)
    shown = [
        block_kit.header(t("home.title")),
        block_kit.context(t("home.about")),
        block_kit.actions(ask, advise),
        *([block_kit.context(t("home.presets")), *prepared] if prepared else []),
        *_part("home.waiting", summary.waiting, t, policy, decide=True),
        *_part("home.mine", summary.mine, t, policy, decide=False),
        *_ending(summary.ending, t),
        *_over(summary.over, t, policy),
    ]
    return block_kit.home(shown)


def _part(
    key: str, requests: Sequence[RequestDetails], t: Translator, policy: Policy, *, decide: bool
) -> list[Block]:
    shown = [block_kit.divider(), block_kit.header(t(key))]
    if not requests:
        return [*shown, block_kit.context(t(f"{key}.none"))]
    for details in requests[:SHOWN]:
        offered = buttons.for_approvers(details, t) if decide else buttons.for_owner(details, t)
        shown += [
            block_kit.section(f"#{details.request.id}  {request_card.title(details, t)}"),
            block_kit.context(request_state.state_line(details, t=t, policy=policy)),
            *offered,
        ]
    if len(requests) > SHOWN:
        shown.append(block_kit.context(t("home.more", count=len(requests) - SHOWN)))
    return shown


def _ending(requests: Sequence[RequestDetails], t: Translator) -> list[Block]:
    lines = [
        t(
            "home.ending.line",
            id=details.request.id,
            title=request_card.title(details, t),
            ends=request_state.ends(details.grant, t),
        )
        for details in requests
        if details.grant is not None
    ]
    if not lines:
        return []
    # One text, because Slack puts the elements of a context side by side.
    return [block_kit.divider(), block_kit.header(t("home.ending")), block_kit.context("\n".join(lines))]


def _over(requests: Sequence[RequestDetails], t: Translator, policy: Policy) -> list[Block]:
    """What is over, each with the button that asks for it again."""
    if not requests:
        return []
    shown = [block_kit.divider(), block_kit.header(t("home.over"))]
    for details in requests:
        shown += [
            block_kit.section(f"#{details.request.id}  {request_card.title(details, t)}"),
            block_kit.context(request_state.state_line(details, t=t, policy=policy)),
            *buttons.again(details, t),
        ]
    return shown
