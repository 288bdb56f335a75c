"""Reminders that a certificate expires, the answers to their buttons, and the weekly summary."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.expiry_reminders import LATEST_SNOOZE, SNOOZES, ReminderSchedule
from bot.i18n.translator import Mrkdwn, Translator, mention
from bot.ports import Block, Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import action_ids, block_kit
from bot.views.method_view import Rendering
from bot.views.mtls.card import NAME, purpose
from bot.views.text import as_code

REMINDERS: Final = frozenset({MessageKind.EXPIRY, MessageKind.EXPIRY_COPY, MessageKind.EXPIRY_ORPHAN})
"""The kinds of message that announce a certificate's end."""

SHOWN: Final = 40
"""Certificates that one summary shows: with their headings they stay below Slack's 50 blocks."""

TOGETHER: Final = 10
"""Lines in one paragraph: a section takes 3,000 characters."""


def reminder(it: Rendering) -> Message:
    """One reminder as things stand now: who acknowledged it, and whether there is still anything to do.

    Raises:
        ValueError: the request has no certificate, or one without owner or end.
    """
    details, t = it.details, it.t
    known, step = details.issued, int(it.message.params["step"])
    if known is None or known.owner is None or known.expires_at is None:
        raise ValueError(
            f"{it.message.kind} is about a certificate, and request {details.request.id} has none"
        )
    # It may be rendered again long after it was sent, for example when somebody answers it.
    if known.absent_at is not None:
        return block_kit.paragraphs(t("expiry.gone", id=known.handle, app=details.target.label))
    former = it.message.asserts or (it.message.recipient if it.message.kind is MessageKind.EXPIRY else None)
    if former is not None and former != known.owner:
        owner = mention(known.owner)
        said = t("expiry.assigned", id=known.handle, app=details.target.label, owner=owner)
        return block_kit.paragraphs(said)
    text = _announcement(it, known, step)
    shown = [block_kit.section(text)]
    if known.purpose:
        shown.append(block_kit.section(t("expiry.purpose", purpose=purpose(known, t))))
    how = t("expiry.how.over" if step == 0 else "expiry.how", id=known.handle)
    shown.append(block_kit.section(how))
    # Only the last reminder is to be answered: an older one is about a step that is over.
    if known.reminder_schedule.step == step:
        shown += [
            block_kit.context(answered(known.reminder_schedule, t)),
            _buttons(details, known.reminder_schedule, step, t),
        ]
    return block_kit.message(text, shown)


def answered(schedule: ReminderSchedule, t: Translator) -> Mrkdwn:
    """What was answered to the last reminder."""
    if schedule.acknowledged_at is not None:
        by = mention(schedule.acknowledged_by or "")
        return t("expiry.noted", person=by, at=schedule.acknowledged_at)
    if schedule.snoozed_until is not None:
        return t("expiry.snoozed", until=schedule.snoozed_until)
    return t("expiry.unnoted")


def standing(schedule: ReminderSchedule, t: Translator) -> Mrkdwn:
    """The last reminder and its answer, for the list of certificates; there was at least one."""
    step = schedule.step or 0
    key = "expiry.reminded" if step else "expiry.reminded.end"
    return Mrkdwn(f"{t(key, left=timedelta(days=step))} {answered(schedule, t)}")


def acknowledged(details: RequestDetails, t: Translator) -> Message:
    """To the person who acknowledged a reminder."""
    return block_kit.paragraphs(t("answer.acknowledged", id=details.request.id, app=details.target.label))


def snoozed(details: RequestDetails, t: Translator) -> Message:
    """To the person who snoozed a reminder: until when."""
    until = None if details.issued is None else details.issued.reminder_schedule.snoozed_until
    return block_kit.paragraphs(
        t("answer.snoozed", id=details.request.id, app=details.target.label, until=until)
    )


def unowned(message: OutboxMessage, t: Translator) -> Message:
    """The weekly summary: by database, the one with the soonest end first."""
    # Params are texts, so the list travels as JSON.
    certificates: list[Mapping[str, str]] = json.loads(message.params["certificates"])
    title = t("notification.unowned", at=datetime.fromisoformat(message.params["at"]))
    shown: list[Block] = [block_kit.section(title)]
    for app, lines in _by_database(certificates[:SHOWN], t):
        parts = [lines[start : start + TOGETHER] for start in range(0, len(lines), TOGETHER)]
        shown += [block_kit.section("\n".join([f"*{t.show(app)}*", *part])) for part in parts]
    if len(certificates) > SHOWN:
        shown.append(block_kit.context(t("unowned.more", count=len(certificates) - SHOWN)))
    shown.append(block_kit.section(t("unowned.how", handle=certificates[0]["handle"])))
    return block_kit.message(title, shown)


def _announcement(it: Rendering, known: KnownCertificate, step: int) -> Mrkdwn:
    kind = it.message.kind
    params = {
        "id": known.handle,
        "app": it.details.target.label,
        "until": known.expires_at,
        "owner": mention(known.owner or ""),
        "people": it.admins if kind is MessageKind.EXPIRY_ORPHAN else it.approvers,
    }
    if step == 0:
        return it.t(f"{kind}.over", **params)
    return it.t(kind, left=timedelta(days=step), **params)


def _buttons(details: RequestDetails, schedule: ReminderSchedule, step: int, t: Translator) -> Block:
    value = action_ids.button_value(details.request.id, step, nonce=details.request.nonce)
    offered = [block_kit.button(t("button.rotate"), action=action_ids.ROTATE, value=value, style="primary")]
    if schedule.acknowledged_at is None:
        offered.append(block_kit.button(t("button.acknowledge"), action=action_ids.ACKNOWLEDGE, value=value))
    # In the last days before the end nothing can be postponed any more.
    if schedule.snoozed_until is None and schedule.snoozes < SNOOZES and step > LATEST_SNOOZE.days:
        offered.append(block_kit.button(t("button.snooze"), action=action_ids.SNOOZE, value=value))
    return block_kit.actions(*offered)


def _by_database(
    certificates: Sequence[Mapping[str, str]], t: Translator
) -> Iterator[tuple[str, list[Mrkdwn]]]:
    """Each database with its lines, soonest end first; an unknown end comes last."""

    def end(each: Mapping[str, str]) -> str:
        # ISO times sort as texts, and this one behind all of them.
        return each["until"] or "9999"

    # ``groupby`` joins neighbors only, hence the order by app.
    by_app = groupby(
        sorted(certificates, key=lambda each: (each["app"], end(each))), lambda each: each["app"]
    )
    groups = [(app, list(group)) for app, group in by_app]
    # A group's first line has its soonest end.
    for app, group in sorted(groups, key=lambda pair: (end(pair[1][0]), pair[0])):
        yield app, [_unowned_line(each, t) for each in group]


def _unowned_line(each: Mapping[str, str], t: Translator) -> Mrkdwn:
    until = datetime.fromisoformat(each["until"]) if each["until"] else t("unowned.unknown")
    if each["owner"]:
        owner = mention(each["owner"])
        return t("unowned.line.orphan", handle=each["handle"], owner=owner, until=until)
    name = as_code(each["name"], NAME)
    return t("unowned.line.unmanaged", handle=each["handle"], name=name, until=until)
