"""The offer to treat a database as another one from now on, and what became of it."""

import json
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from bot.domain.policy.rules import Policy
from bot.domain.target import Target
from bot.i18n.translator import Mrkdwn, Translator, mention
from bot.ports import Block, Message, OutboxMessage
from bot.views import action_ids, block_kit

CHOICES: Final = 5
"""Buttons for what a target may have replaced; an app hardly has more databases that the policy names."""


def offer(message: OutboxMessage, t: Translator, *, policy: Policy) -> Message:
    """The question to the admins with its buttons; once it is answered, the answer without them."""
    params = message.params
    if "outcome" in params:
        return _settled(params, t)
    choices: list[Mapping[str, str]] = json.loads(params["choices"])
    environments = {one for choice in choices for one in choice["environment"].split(", ")}
    people = sorted(policy.deciding_identity(environments))
    key = "notification.replacement.again" if params["again"] else "notification.replacement"
    text = t(
        key,
        admins=t.people(people),
        name=params["name"],
        label=params["label"],
        alias=_either(choices),
    )
    impacts = ["\n".join([_moves(params, each, t), *_stays(params, each, t)]) for each in choices[:CHOICES]]
    shown = map(block_kit.section, (text, *impacts))
    return block_kit.message(text, [*shown, block_kit.actions(*_buttons(params, choices, t))])


def answered(target: Target, alias: str, t: Translator, *, replaces: bool) -> Message:
    """The private answer to whoever pressed a button."""
    key = "done.replaced" if replaces else "done.kept"
    return block_kit.paragraphs(t(key, name=target.name, alias=alias))


def _settled(params: Mapping[str, str], t: Translator) -> Message:
    if params["outcome"] == "gone":
        return block_kit.paragraphs(t("replacement.gone", name=params["name"]))
    named = {"person": mention(params["person"]), "name": params["name"], "alias": params["alias"]}
    if params["outcome"] == "kept":
        return block_kit.paragraphs(t("replacement.kept", label=params["label"], **named))
    text = t("replacement.replaced", environment=params["environment"], **named)
    left = _stays(params, params, t)
    return block_kit.paragraphs(text, *(["\n".join(left)] if left else []))


def _moves(params: Mapping[str, str], choice: Mapping[str, str], t: Translator) -> Mrkdwn:
    return t(
        "replacement.moves",
        name=params["name"],
        alias=choice["alias"],
        environment=choice["environment"],
    )


def _stays(params: Mapping[str, str], choice: Mapping[str, str], t: Translator) -> list[Mrkdwn]:
    """What does not move along: open access, certificates and PrivateLink belong to a database."""
    if not choice["old"]:
        return []
    old, name = choice["old"], params["name"]
    requests = t.names(filter(None, choice["requests"].split(", ")))
    said = [t("replacement.stays", old=old, name=name, requests=requests)] if requests else []
    if choice["certificates"]:
        said.append(t("replacement.certificates", old=old, name=name, count=choice["certificates"]))
    if choice["privatelink"]:
        said.append(t("replacement.privatelink", old=old, name=name))
    return said or [t("replacement.nothing", old=old)]


def _buttons(params: Mapping[str, str], choices: list[Mapping[str, str]], t: Translator) -> list[Block]:
    target = UUID(params["target"])
    offered = [
        block_kit.button(
            t("button.replace", name=params["name"], alias=choice["alias"]),
            action=f"{action_ids.REPLACE}.{number}",
            value=action_ids.identity_value(target, choice["entry"]),
        )
        for number, choice in enumerate(choices[:CHOICES])
    ]
    keep = block_kit.button(
        t("button.keep_apart", alias=_either(choices)),
        action=f"{action_ids.KEEP_APART}.0",
        value=action_ids.identity_value(target, choices[0]["entry"]),
    )
    return [*offered, keep]


def _either(choices: list[Mapping[str, str]]) -> str:
    return " / ".join(choice["alias"] for choice in choices)
