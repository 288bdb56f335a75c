"""The App Home: what waits for a person, what is theirs, and what ends soon."""

from collections.abc import Sequence
from typing import Final

from bot.domain.policy import Policy
from bot.i18n.translator import Translator
from bot.ports import Block, HomeSummary, RequestDetails
from bot.views import action_ids, block_kit, buttons, request_card

SHOWN: Final = 10
"""Requests in each part: a view takes 100 blocks."""


def home(overview: HomeSummary, *, words: Translator, policy: Policy) -> Block:
    """The whole tab, as ``views.publish`` takes it."""
    ask = block_kit.button(words("home.ask"), action=action_ids.ASK, value="0.0", style="primary")
    advise = block_kit.button(words("home.advise"), action=action_ids.ADVISE, value="0.0")
    shown = [
        block_kit.header(words("home.title")),
        block_kit.context(words("home.about")),
        block_kit.actions(ask, advise),
        *_part("home.waiting", overview.waiting, words, policy, decide=True),
        *_part("home.mine", overview.mine, words, policy, decide=False),
        *_ending(overview.ending, words),
    ]
    return {"type": "home", "blocks": shown}


def _part(
    key: str, cases: Sequence[RequestDetails], words: Translator, policy: Policy, *, decide: bool
) -> list[Block]:
    shown = [block_kit.divider(), block_kit.header(words(key))]
    if not cases:
        return [*shown, block_kit.context(words(f"{key}.none"))]
    for case in cases[:SHOWN]:
        offered = buttons.for_approvers(case, words) if decide else buttons.for_owner(case, words)
        shown += [
            block_kit.section(f"#{case.request.id}  {request_card.title(case, words)}"),
            block_kit.context(request_card.state_line(case, words=words, policy=policy)),
            *offered,
        ]
    if len(cases) > SHOWN:
        shown.append(block_kit.context(words("home.more", count=len(cases) - SHOWN)))
    return shown


def _ending(cases: Sequence[RequestDetails], words: Translator) -> list[Block]:
    lines = [
        words(
            "home.ending.line",
            id=case.request.id,
            title=request_card.title(case, words),
            ends=request_card.ends(case.grant, words),
        )
        for case in cases
        if case.grant is not None
    ]
    if not lines:
        return []
    # One text: Slack sets the elements of a context side by side.
    return [block_kit.divider(), block_kit.header(words("home.ending")), block_kit.context("\n".join(lines))]
