"""The App Home: what waits for a person, what is theirs, and what ends soon."""

from collections.abc import Sequence
from typing import Final

from bot.domain.policy import Policy
from bot.messages import blocks, buttons, cards, names
from bot.messages.words import Words
from bot.ports import Block, Case, Overview

SHOWN: Final = 10
"""Requests in each part: a view takes 100 blocks."""


def home(overview: Overview, *, words: Words, policy: Policy) -> Block:
    """The whole tab, as ``views.publish`` takes it."""
    ask = blocks.button(words("home.ask"), action=names.ASK, value="0.0", style="primary")
    advise = blocks.button(words("home.advise"), action=names.ADVISE, value="0.0")
    shown = [
        blocks.header(words("home.title")),
        blocks.context(words("home.about")),
        blocks.actions(ask, advise),
        *_part("home.waiting", overview.waiting, words, policy, decide=True),
        *_part("home.mine", overview.mine, words, policy, decide=False),
        *_ending(overview.ending, words),
    ]
    return {"type": "home", "blocks": shown}


def _part(key: str, cases: Sequence[Case], words: Words, policy: Policy, *, decide: bool) -> list[Block]:
    shown = [blocks.divider(), blocks.header(words(key))]
    if not cases:
        return [*shown, blocks.context(words(f"{key}.none"))]
    for case in cases[:SHOWN]:
        offered = buttons.for_approvers(case, words) if decide else buttons.for_owner(case, words)
        shown += [
            blocks.section(f"#{case.request.id}  {cards.title(case, words)}"),
            blocks.context(cards.state_line(case, words=words, policy=policy)),
            *offered,
        ]
    if len(cases) > SHOWN:
        shown.append(blocks.context(words("home.more", count=len(cases) - SHOWN)))
    return shown


def _ending(cases: Sequence[Case], words: Words) -> list[Block]:
    lines = [
        words(
            "home.ending.line",
            id=case.request.id,
            title=cards.title(case, words),
            ends=cards.ends(case.grant, words),
        )
        for case in cases
        if case.grant is not None
    ]
    if not lines:
        return []
    # One text: Slack sets the elements of a context side by side.
    return [blocks.divider(), blocks.header(words("home.ending")), blocks.context("\n".join(lines))]
