"""What a card about certificates or mTLS as a whole shows beside what every card does."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bot.domain.grant import Why
from bot.domain.mtls.certificate import SHOWN_OF_ID, Certificate, KnownCertificate, ready
from bot.domain.mtls.issuance import issuance_progress
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, RequestDetails
from bot.views import action_ids, block_kit

PURPOSE: Final = 200
"""Characters of what a certificate is for."""

NAME: Final = 80
"""Characters of a certificate's name, which is a host name of Heroku's choice."""

CLOSED: Final = 50
"""Requests that are named as ending."""

OFFERED: Final = 8
"""Certificates that somebody may be asked to choose from: each takes two blocks of a card."""


def facts(known: KnownCertificate, t: Translator) -> list[tuple[str, str]]:
    """The certificate that a card is about: whose it is, until when, and what for."""
    until = known.expires_at or t("card.until.unknown")
    if known.owner is None:
        unmanaged = t("card.certificate.unmanaged", handle=known.handle, until=until)
        return [(t("card.certificate"), unmanaged)]
    owner = mention(known.owner)
    shown = t("card.certificate.ours", handle=known.handle, owner=owner, until=until)
    purpose = _purpose(known, t)
    return [(t("card.certificate"), shown), (t("card.certificate.purpose"), purpose)]


def change(case: RequestDetails, t: Translator) -> str:
    """What approving would change at Heroku, as of the last look."""
    kind, app = case.request.kind, case.target.label
    said = [t(f"card.change.{kind}", app=app)]
    if kind is Kind.DISABLE:
        said += _ends(case, t)
    if kind is Kind.DISCARD and _is_last(case):
        said.append(t("card.change.discard.last", app=app))
    return " ".join(said)


def several(case: RequestDetails, t: Translator) -> list[Block]:
    """The certificates that a person has to choose from, each with its button; none in any other case."""
    found = _candidates(case)
    if not found:
        return []
    shown: list[Block] = [block_kit.section(t("several.ask", id=case.request.id))]
    for number, each in enumerate(found[:OFFERED]):
        shown += [block_kit.section(_candidate(each, t)), _pick(case, each.id, number, t)]
    return shown


def one_line(text: str) -> str:
    """Somebody else's text without line breaks, which would end a line of ours, and without code marks."""
    return " ".join(text.split()).replace("`", "'")


def _purpose(known: KnownCertificate, t: Translator) -> Mrkdwn:
    return cut(one_line(known.purpose), PURPOSE) if known.purpose else t("stock.purpose.none")


def _ends(case: RequestDetails, t: Translator) -> list[Mrkdwn]:
    said, observation = [], case.rules
    if case.closes:
        closes = ", ".join(f"#{id}" for id in case.closes[:CLOSED])
        said.append(t("card.change.disable.requests", closes=closes))
    rules = 0 if observation is None else sum(rule.id not in observation.ours for rule in observation.rules)
    if observation is not None and (rules or observation.certificates):
        count = len(ready(observation.certificates))
        said.append(t("card.change.disable.others", rules=rules, certificates=count))
    return said


def _is_last(case: RequestDetails) -> bool:
    """Whether nobody whom pgaccess lets in could connect any more."""
    if case.certificate is None or case.rules is None or not case.rules.ours:
        return False
    return {each.id for each in ready(case.rules.certificates)} == {case.certificate.id}


def _candidates(case: RequestDetails) -> Sequence[Certificate]:
    change = case.operation
    if change is None or not _is_open(change):
        return ()
    observation = case.rules
    if observation is None:
        return ()
    wanted = issuance_progress(change).candidates
    return [each for each in observation.certificates if each.id in wanted]


def _is_open(change: Operation) -> bool:
    return change.state is OperationState.FAILED and change.why is Why.SEVERAL


def _candidate(each: Certificate, t: Translator) -> Mrkdwn:
    until = each.expires_at or t("card.until.unknown")
    name = cut(one_line(each.name), NAME)
    return t("several.one", handle=each.id.hex[:SHOWN_OF_ID], name=name, until=until)


def _pick(case: RequestDetails, certificate: UUID, number: int, t: Translator) -> Block:
    value = action_ids.pick_value(case.request.id, certificate)
    return block_kit.actions(
        block_kit.button(t("button.pick"), action=f"{action_ids.PICK}.{number}", value=value)
    )
