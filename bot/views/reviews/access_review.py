"""The access review: one message for each group of approvers, by pages, with what was answered by whom."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bot.domain.access_review import Answer, ReviewedKind, ReviewItem, ReviewPage
from bot.domain.policy.rules import Policy
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, Message, OutboxMessage, RequestDetails
from bot.views import action_ids, block_kit, form_fields
from bot.views.requests import request_card
from bot.views.text import numbers, one_line, shorten

LISTED: Final = 20
"""Items that the message to the admins describes; the others are named by their numbers."""

TITLE: Final = 300
REASON: Final = 150
"""Characters of what an item is, and of a reason: with them a page of items fits what Slack takes."""

LINE: Final = 250
"""Characters of one item in the message to the admins."""

LABEL: Final = 100
"""Characters of a target's name."""


def review(page: ReviewPage | None, listed: Mapping[int, RequestDetails], t: Translator) -> Message:
    """One message of a review, as it stands now.

    Args:
        page: what it shows; None where the review is not known.
        listed: the requests of its items, by number.
        t: the channel's language.
    """
    if page is None:
        return block_kit.paragraphs(t("access_review.unknown"))
    begun = page.review
    title = t("notification.access_review", at=begun.begun_at, count=page.total)
    progress = t(
        "access_review.progress",
        open=page.counts["open"],
        kept=page.counts[Answer.KEPT],
        ended=page.counts[Answer.ENDED],
        gone=page.counts["gone"],
    )
    shown = [
        block_kit.section(title),
        block_kit.context(t("access_review.asked", people=_people(page, t)), _due(page, t)),
        block_kit.section(progress),
    ]
    for item in page.items:
        shown += _item(item, listed.get(item.reviewed.request), t, answerable=not begun.over)
    return block_kit.message(title, [*shown, *_turning(page, t)])


def requests_of(page: ReviewPage | None) -> tuple[int, ...]:
    """The requests of the items that a page shows."""
    return () if page is None else tuple(item.reviewed.request for item in page.items)


def unanswered(
    message: OutboxMessage, listed: Mapping[int, RequestDetails], *, t: Translator, policy: Policy
) -> Message:
    """To the admins: what nobody had answered when the time for it was over."""
    params, all_open = message.params, _unanswered(message)
    title = t(
        "notification.review_unanswered",
        begun=datetime.fromisoformat(params["begun_at"]),
        at=datetime.fromisoformat(params["answer_by"]),
        count=len(all_open),
        people=t.people(sorted(policy.admins)) if policy.admins else Mrkdwn(""),
    )
    lines = [Mrkdwn(shorten(_line(listed[id], t), LINE)) for id in concerned(message) if id in listed]
    shown = [block_kit.section(title), *block_kit.sections(lines, by="\n")]
    if others := all_open[LISTED:]:
        shown.append(block_kit.section(t("access_review.others", list=t.names(numbers(others)))))
    return block_kit.message(title, [*shown, block_kit.context(t("access_review.export"))])


def concerned(message: OutboxMessage) -> tuple[int, ...]:
    """The requests that the message to the admins describes."""
    return tuple(_unanswered(message)[:LISTED])


def answer_form(details: RequestDetails, item: int, answer: Answer, t: Translator) -> Block:
    """Asks why an item is kept or ended; item and request travel in the form's metadata."""
    keeps = answer is Answer.KEPT
    form, key = (
        (action_ids.FORM_KEEP_ITEM, "form.review_keep")
        if keeps
        else (action_ids.FORM_END_ITEM, "form.review_end")
    )
    request = details.request
    about = t("form.about", title=request_card.title(details, t), requester=mention(request.requester))
    reason = form_fields.reason_field(t, None, optional=False, hint=f"{key}.hint")
    return form_fields.form(
        form,
        t(f"{key}.title", id=request.id),
        t(f"{key}.submit"),
        t,
        [block_kit.section(about), reason],
        metadata=action_ids.button_value(request.id, item, nonce=request.nonce),
    )


def _people(page: ReviewPage, t: Translator) -> Mrkdwn:
    # Where the policy names nobody for it any more, only the admins may answer.
    return t.people(page.approvers) if page.approvers else t("access_review.admins")


def _due(page: ReviewPage, t: Translator) -> Mrkdwn:
    review = page.review
    if review.over:
        return t("access_review.over")
    if review.told_at is not None:
        return t("access_review.told", at=review.answer_by)
    return t("access_review.due", at=review.answer_by)


def _item(
    item: ReviewItem, details: RequestDetails | None, t: Translator, *, answerable: bool
) -> list[Block]:
    reviewed = item.reviewed
    subject = cut(reviewed.subject, TITLE)
    title = subject if details is None else Mrkdwn(shorten(request_card.title(details, t), TITLE))
    line = t(
        f"access_review.item.{reviewed.kind}",
        id=reviewed.request,
        title=title,
        subject=subject,
        app=cut(reviewed.label, LABEL),
        owner=mention(reviewed.owner),
        ends=t("access_review.forever") if reviewed.ends_at is None else t.date(reviewed.ends_at),
    )
    asked_for = "" if details is None else cut(one_line(details.request.terms.reason), REASON)
    shown = [
        block_kit.section(f"{line}\n{t('access_review.reason', reason=asked_for)}" if asked_for else line)
    ]
    if item.answered is not None:
        # The request to remove an entry may wait for others yet; its own card says what became of it.
        removes = item.answered.answer is Answer.ENDED and reviewed.kind is ReviewedKind.ENTRY
        key = "access_review.removal" if removes else f"access_review.{item.answered.answer}"
        said = t(key, person=mention(item.answered.by), at=item.answered.at)
        hidden = details is not None and details.reasons_hidden
        because = "" if hidden else cut(one_line(item.answered.because), REASON)
        return [
            *shown,
            block_kit.context(t("show.because", line=said, reason=because) if because else said),
        ]
    if item.gone:
        return [*shown, block_kit.context(t("access_review.gone"))]
    if not answerable:
        return [*shown, block_kit.context(t("access_review.unanswered"))]
    nonce = "" if details is None else details.request.nonce
    value = action_ids.button_value(reviewed.request, item.id, nonce=nonce)
    return [
        *shown,
        block_kit.actions(
            block_kit.button(t("button.review_keep"), action=action_ids.REVIEW_KEEP_ITEM, value=value),
            block_kit.button(
                t("button.review_end"), action=action_ids.REVIEW_END_ITEM, value=value, style="danger"
            ),
        ),
    ]


def _turning(page: ReviewPage, t: Translator) -> list[Block]:
    """The buttons to the pages before and after, where there are any."""
    if page.pages == 1:
        return []
    group = page.items[0].group
    turns = [
        block_kit.button(
            t(key), action=action, value=action_ids.page_value(page.review.id, group, page.number + step)
        )
        for key, action, step in (
            ("button.review_previous", action_ids.REVIEW_PREVIOUS, -1),
            ("button.review_next", action_ids.REVIEW_NEXT, 1),
        )
        if 1 <= page.number + step <= page.pages
    ]
    return [
        block_kit.context(t("access_review.page", page=page.number, pages=page.pages)),
        block_kit.actions(*turns),
    ]


def _line(details: RequestDetails, t: Translator) -> Mrkdwn:
    request = details.request
    return t(
        "access_review.line",
        id=request.id,
        title=request_card.title(details, t),
        owner=mention(request.requester),
    )


def _unanswered(message: OutboxMessage) -> Sequence[int]:
    """Params of the outbox are texts, so the list travels as JSON."""
    found: list[int] = json.loads(message.params["requests"])
    return found
