"""The fields of every form for access that the policy asks for or allows: a ticket, and for whom it is."""

from collections.abc import Mapping
from typing import Final

from bot.domain.policy.rules import Policy
from bot.domain.policy.ticket import read_pattern
from bot.i18n.translator import Translator
from bot.ports import Block
from bot.views import action_ids, block_kit

TICKET: Final = 100
"""Characters of a ticket that are taken: more than the pattern of any rule matches."""


def more_fields(policy: Policy, filled: Mapping[str, str | None], t: Translator) -> list[Block]:
    """The ticket where some rule wants one, and the person where some rule lets people ask for others.

    Both are optional here: which rule applies is known once the form is sent, and what is missing then is
    said at its field.

    Args:
        policy: today's.
        filled: values by field name.
        t: the reader's language.
    """
    fields: list[Block] = []
    patterns = [rule.ticket for rule in policy.rules if rule.ticket]
    if patterns:
        fields.append(
            block_kit.text_input(
                action_ids.FIELD_TICKET,
                t("form.ticket"),
                initial=filled.get(action_ids.FIELD_TICKET),
                hint=t("form.ticket.hint", example=read_pattern(patterns[0]).example),
                optional=True,
                most=TICKET,
            )
        )
    if any(rule.on_behalf for rule in policy.rules):
        fields.append(
            block_kit.person_input(
                action_ids.FIELD_PERSON,
                t("form.behalf"),
                hint=t("form.behalf.hint"),
                optional=True,
                initial=filled.get(action_ids.FIELD_PERSON),
            )
        )
    return fields
