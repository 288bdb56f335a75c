"""Reminders of certificates' ends, the answers to their buttons, and the weekly summary."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.expiry_reminders import LATEST_SNOOZE, SNOOZES, ReminderSchedule
from bot.domain.policy import Policy
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import action_ids, block_kit, request_card

REMINDERS: Final = frozenset({MessageKind.EXPIRY, MessageKind.EXPIRY_COPY, MessageKind.EXPIRY_ORPHAN})
"""What tells of a certificate's end."""

PURPOSE_SHOWN: Final = 200
"""Characters of what a certificate is for."""

NAME_SHOWN: Final = 80
"""Characters of a certificate's name, which is a host name of Heroku's choice."""

SHOWN: Final = 40
"""Certificates that one summary shows: with their headings they stay below Slack's 50 blocks."""

TOGETHER: Final = 10
"""Lines in one paragraph: a section takes 3,000 characters."""


def reminder(post: OutboxMessage, case: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """One step of the ladder as things stand now: who took note, and whether there is still anything to do.

    Raises:
        ValueError: no certificate was made for the request.
    """
    known, step = case.issued, int(post.params["step"])
    if known is None or known.owner is None or known.expires_at is None:
        raise ValueError(f"{post.kind} tells of a certificate, and request {case.request.id} has none")
    if known.absent_at is not None:
        gone = t("expiry.gone", id=known.handle, app=case.target.label)
        return Message(text=gone, blocks=[block_kit.section(gone)])
    said = _said(post.kind, case, known, step, t, policy)
    shown = [block_kit.section(said)]
    if known.purpose:
        purpose = cut(request_card.one_line(known.purpose), PURPOSE_SHOWN)
        shown.append(block_kit.section(t("expiry.purpose", purpose=purpose)))
    how = t("expiry.how.over" if step == 0 else "expiry.how", id=known.handle)
    shown.append(block_kit.section(how))
    if known.ladder.step == step:
        shown += [block_kit.context(answered(known.ladder, t)), _buttons(case, known.ladder, step, t)]
    return Message(text=said, blocks=shown)


def answered(ladder: ReminderSchedule, t: Translator) -> Mrkdwn:
    """What somebody has answered to the last reminder."""
    if ladder.acknowledged_at is not None:
        by = mention(ladder.acknowledged_by or "")
        return t("expiry.noted", person=by, at=ladder.acknowledged_at)
    if ladder.snoozed_until is not None:
        return t("expiry.snoozed", until=ladder.snoozed_until)
    return t("expiry.unnoted")


def standing(ladder: ReminderSchedule, t: Translator) -> Mrkdwn:
    """How far the reminders have come, for the list of certificates; there was one."""
    step = ladder.step or 0
    key = "expiry.reminded" if step else "expiry.reminded.end"
    return Mrkdwn(f"{t(key, left=timedelta(days=step))} {answered(ladder, t)}")


def acknowledged(case: RequestDetails, t: Translator) -> Message:
    """To whoever took note."""
    return _line(t("answer.acknowledged", id=case.request.id, app=case.target.label))


def snoozed(case: RequestDetails, t: Translator) -> Message:
    """To whoever put a reminder off: until when."""
    until = None if case.issued is None else case.issued.ladder.snoozed_until
    return _line(t("answer.snoozed", id=case.request.id, app=case.target.label, until=until))


def unowned(post: OutboxMessage, t: Translator) -> Message:
    """The weekly summary: by database, the one with the soonest end first."""
    found: list[Mapping[str, str]] = json.loads(post.params["certificates"])
    title = t("notification.unowned", at=datetime.fromisoformat(post.params["at"]))
    shown: list[Block] = [block_kit.section(title)]
    for app, lines in _by_database(found[:SHOWN], t):
        parts = [lines[start : start + TOGETHER] for start in range(0, len(lines), TOGETHER)]
        shown += [block_kit.section("\n".join([f"*{t.show(app)}*", *part])) for part in parts]
    if len(found) > SHOWN:
        shown.append(block_kit.context(t("unowned.more", count=len(found) - SHOWN)))
    shown.append(block_kit.section(t("unowned.how", handle=found[0]["handle"])))
    return Message(text=title, blocks=shown)


def _said(
    kind: MessageKind,
    case: RequestDetails,
    known: KnownCertificate,
    step: int,
    t: Translator,
    policy: Policy,
) -> Mrkdwn:
    orphan = kind is MessageKind.EXPIRY_ORPHAN
    params = {
        "id": known.handle,
        "app": case.target.label,
        "until": known.expires_at,
        "owner": mention(known.owner or ""),
        "people": _admins(policy) if orphan else request_card.approvers(policy, case.request.rule),
    }
    if step == 0:
        return t(f"{kind}.over", **params)
    return t(kind, left=timedelta(days=step), **params)


def _admins(policy: Policy) -> Mrkdwn:
    return Mrkdwn(" ".join(mention(person) for person in sorted(policy.admins)))


def _buttons(case: RequestDetails, ladder: ReminderSchedule, step: int, t: Translator) -> Block:
    value = action_ids.button_value(case.request.id, step)
    made = [block_kit.button(t("button.rotate"), action=action_ids.ROTATE, value=value, style="primary")]
    if ladder.acknowledged_at is None:
        made.append(block_kit.button(t("button.acknowledge"), action=action_ids.ACKNOWLEDGE, value=value))
    if ladder.snoozed_until is None and ladder.snoozes < SNOOZES and step > LATEST_SNOOZE.days:
        made.append(block_kit.button(t("button.snooze"), action=action_ids.SNOOZE, value=value))
    return block_kit.actions(*made)


def _by_database(found: Sequence[Mapping[str, str]], t: Translator) -> Iterator[tuple[str, list[Mrkdwn]]]:
    """Each database with its lines; what has no known end comes last."""

    def end(each: Mapping[str, str]) -> str:
        return each["until"] or "9999"

    by_app = groupby(sorted(found, key=lambda each: (each["app"], end(each))), lambda each: each["app"])
    groups = [(app, list(group)) for app, group in by_app]
    for app, group in sorted(groups, key=lambda pair: (end(pair[1][0]), pair[0])):
        yield app, [_unowned_line(each, t) for each in group]


def _unowned_line(each: Mapping[str, str], t: Translator) -> Mrkdwn:
    until = datetime.fromisoformat(each["until"]) if each["until"] else t("unowned.unknown")
    if each["owner"]:
        owner = mention(each["owner"])
        return t("unowned.line.orphan", handle=each["handle"], owner=owner, until=until)
    name = cut(request_card.one_line(each["name"]), NAME_SHOWN)
    return t("unowned.line.unmanaged", handle=each["handle"], name=name, until=until)


def _line(text: Mrkdwn) -> Message:
    return Message(text=text, blocks=[block_kit.section(text)])
