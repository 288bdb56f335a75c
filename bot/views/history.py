"""The history of a request: what the audit trail says of it, line by line, in words."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.domain.access_review import Answer
from bot.domain.duration import parse_duration
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.mtls.download_link import DownloadLinkState
from bot.domain.operation import OperationState
from bot.domain.request import Kind, RequestState
from bot.domain.subject import Whole, read_subject
from bot.errors import Refused
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import BOT, AuditLine, Block, RequestDetails
from bot.views import block_kit
from bot.views.text import first_key, one_line

SHOWN: Final = 60
"""Lines of one history: with them a message stays below what Slack takes; a long one keeps both its ends."""

REASON: Final = 200
"""Characters of a person's reason, and of an error message of Heroku's."""

CLOSED: Final = (RequestState.CANCELLED, RequestState.LAPSED, RequestState.WITHDRAWN)
"""States in which a request ends that nobody decided."""


@dataclass
class Telling:
    """What is told of one request, and what the lines so far have said of its terms.

    Attributes:
        details: the request.
        t: the reader's language.
        terms: the terms that were last written, by request.
    """

    details: RequestDetails
    t: Translator
    terms: dict[int, Mapping[str, str]] = field(default_factory=dict)

    def said(self, line: AuditLine, key: str, **params: object) -> Mrkdwn:
        """One line with its moment and its person, and with the reason that the person gave."""
        person = "pgaccess" if line.actor == BOT else mention(line.actor)
        text = self.t(key, at=line.at, person=person, id=line.request, **params)
        because = one_line(line.details.get("because", ""))
        return self.t("show.because", line=text, reason=cut(because, REASON)) if because else text

    def why(self, line: AuditLine) -> Mrkdwn | None:
        """Why a grant or an operation is in its new state; None where the line does not say."""
        code, detail = line.details.get("why"), line.details.get("detail", "")
        if code is None:
            return None
        if code == ReasonCode.REFUSED and detail:
            return self.t("why.refused.detail", detail=cut(one_line(detail).rstrip(".。 "), REASON))
        key, change = f"why.{code}", line.subject != "grant"
        method = self.details.request.terms.method
        return self.t(
            first_key(self.t, f"{key}.{method}", f"{key}.change" if change else key, key, "why.other")
        )


def history(details: RequestDetails, lines: Sequence[AuditLine], t: Translator) -> list[Block]:
    """Everything that the audit trail says of a request, oldest first.

    Args:
        details: the request.
        lines: about it, and about those that extend its grant or open it again, in their order.
        t: the reader's language.
    """
    telling = Telling(details, t)
    told = [text for line in lines if (text := _told(telling, line)) is not None]
    if len(told) > SHOWN:
        half = SHOWN // 2
        told = [*told[:half], t("show.more", count=len(told) - SHOWN), *told[-half:]]
    return block_kit.sections([t("show.history"), *told], by="\n")


def _told(telling: Telling, line: AuditLine) -> Mrkdwn | None:
    """A line in words; None for one that only prepares what the next one says."""
    tell = _TELLERS.get(line.subject, _operation)
    return tell(telling, line)


# --- requests ------------------------------------------------------------------------------------------


def _request(it: Telling, line: AuditLine) -> Mrkdwn | None:
    related = line.request != it.details.request.id
    if "rebuilt" in line.details:
        return it.said(line, "show.rebuilt")
    if not line.before:
        return _asked(it, line, related=related)
    if line.after == RequestState.DENIED:
        return it.said(line, "show.deny.related" if related else "show.deny")
    if line.after in CLOSED:
        return _closed(it, line, related=related)
    # One vote of several, or the one that decides.
    if line.after == RequestState.APPROVED or line.after.startswith(RequestState.PENDING):
        return _approved(it, line, related=related)
    return _other(it, line)


def _asked(it: Telling, line: AuditLine, *, related: bool) -> Mrkdwn:
    kind, terms = line.details.get("kind"), _terms(line)
    if terms is not None:
        it.terms[line.request] = terms
    match kind:
        case Kind.EXTEND if related and terms is not None:
            return it.said(line, "show.asked.extend", length=_length(terms, it.t))
        case Kind.REOPEN if related:
            return it.said(line, "show.asked.reopen")
        case Kind.OPEN if terms is not None:
            return it.said(line, "show.asked.terms", terms=_spelt(terms, it.t))
    return it.said(line, "show.asked.related" if related else "show.asked")


def _approved(it: Telling, line: AuditLine, *, related: bool) -> Mrkdwn:
    after, before = _terms(line), it.terms.get(line.request)
    if after is None or after == before:
        return it.said(line, "show.approve.related" if related else "show.approve")
    it.terms[line.request] = after
    if before is None:
        return it.said(line, "show.approve.changed", after=_spelt(after, it.t))
    old, new = _difference(before, after, it.t)
    return it.said(line, "show.approve.narrowed", before=old, after=new)


def _closed(it: Telling, line: AuditLine, *, related: bool) -> Mrkdwn:
    if related:
        return it.said(line, "show.related.closed", state=it.t(f"closed.{line.after}"))
    match line.after:
        case RequestState.CANCELLED:
            return it.said(line, "show.cancelled")
        case RequestState.WITHDRAWN if "reason" in line.details:
            values = {
                name.removeprefix("with_"): value
                for name, value in line.details.items()
                if name.startswith("with_")
            }
            key = first_key(it.t, f"withdrawn.{line.details['reason']}", "withdrawn.other")
            with contextlib.suppress(KeyError):
                return it.said(line, "show.withdrawn", why=it.t(key, **values))
    return it.said(line, "show.closed", state=it.t(f"closed.{line.after}"))


# --- grants --------------------------------------------------------------------------------------------


def _grant(it: Telling, line: AuditLine) -> Mrkdwn | None:
    before, after = line.before, line.after
    if not before and after == GrantState.APPLYING:
        return None
    if before == after:
        ends = line.details.get("ends")
        return _other(it, line) if ends is None else it.said(line, "show.extended", ends=_moment(ends))
    match after:
        case GrantState.WAITING:
            return it.said(line, "show.waiting")
        case GrantState.APPLYING:
            return it.said(line, _AGAIN[before]) if before in _AGAIN else _other(it, line)
        case GrantState.IN_FORCE:
            ends = line.details.get("ends")
            return (
                it.said(line, "show.verified")
                if ends is None
                else it.said(line, "show.verified.ends", ends=_moment(ends))
            )
        case GrantState.ENDED if before == GrantState.FAILED:
            return it.said(line, "show.given_up")
    return _grant_closed(it, line)


_AGAIN: Final[Mapping[str, str]] = {
    GrantState.WAITING: "show.resumed",
    GrantState.FAILED: "show.retried",
    GrantState.INTERRUPTED: "show.reopened",
}
"""How a grant comes to be applied again, by its state before."""


def _grant_closed(it: Telling, line: AuditLine) -> Mrkdwn:
    why = it.why(line)
    match line.after:
        case GrantState.ENDING if why is not None:
            return it.said(line, "show.ending" if line.actor == BOT else "show.ending.by", why=why)
        case GrantState.ENDING:
            return it.said(line, "show.ending.unknown")
        case GrantState.FAILED if why is not None:
            return it.said(line, "show.failed", why=why)
        case GrantState.ENDED | GrantState.FAILED | GrantState.INTERRUPTED:
            return it.said(line, "show.closed", state=it.t(f"closed.{line.after}"))
    return _other(it, line)


# --- operations, and certificates --------------------------------------------------------------------


def _operation(it: Telling, line: AuditLine) -> Mrkdwn | None:
    if line.subject not in _KINDS:
        return _other(it, line)
    if line.subject == Kind.ROTATE and line.after.startswith(OperationState.DOING):
        return _rotation(it, line)
    match line.after:
        case OperationState.DOING:
            return it.said(line, "show.retried") if line.before else None
        case OperationState.DONE:
            is_step = line.subject == Kind.ENABLE and it.details.request.kind is Kind.OPEN
            return it.said(line, "show.closed", state=it.t("closed.enabled" if is_step else "closed.done"))
        case OperationState.FAILED:
            why = it.why(line)
            if why is not None:
                return it.said(line, "show.not_done", why=why)
            return it.said(line, "show.closed", state=it.t("closed.not_done"))
        case OperationState.GIVEN_UP:
            return it.said(line, "show.given_up")
    return _other(it, line)


_KINDS: Final = frozenset(kind.value for kind in Kind)


def _rotation(it: Telling, line: AuditLine) -> Mrkdwn | None:
    """A rotation from one stage to the next; its states are those of ``storage.repositories.operations``."""
    before, after = line.before, line.after
    if not before:
        return None
    if before == OperationState.FAILED:
        return it.said(line, "show.retried")
    if after.endswith(", testing"):
        return it.said(line, "show.rotation.testing")
    if before == f"{after}, testing":
        return it.said(line, "show.rotation.tested")
    for stage, key in _STAGES.items():
        if after == f"doing, {stage}":
            kept = stage == "installing" and before.startswith("doing, resting")
            return it.said(line, "show.rotation.kept" if kept else key)
    return _other(it, line)


_STAGES: Final = {
    "installing": "show.rotation.ready",
    "resting": "show.rotation.installed",
    "removing": "show.rotation.removing",
}
"""What has been reached with each stage of a rotation."""


def _certificate(it: Telling, line: AuditLine) -> Mrkdwn | None:
    after = line.after
    if after == "owner left":
        return it.said(line, "show.owner.left")
    if after == "owner present":
        return it.said(line, "show.owner.back")
    if after.startswith("owner "):
        return it.said(line, "show.owner.assigned", owner=mention(after.removeprefix("owner ")))
    if after.endswith(", acknowledged"):
        return it.said(line, "show.acknowledged")
    if ", postponed until " in after:
        return it.said(line, "show.snoozed", until=_moment(after.partition(", postponed until ")[2]))
    if after.startswith("reminded "):
        return it.said(line, "show.reminded")
    return _other(it, line)


def _files(it: Telling, line: AuditLine) -> Mrkdwn | None:
    match line.after:
        case DownloadLinkState.OPEN:
            return it.said(line, "show.link")
        case DownloadLinkState.DELIVERED:
            return it.said(line, "show.delivered")
    return _other(it, line)


def _review(it: Telling, line: AuditLine) -> Mrkdwn | None:
    return it.said(line, "show.kept") if line.after == "kept" else _other(it, line)


def _access_review(it: Telling, line: AuditLine) -> Mrkdwn | None:
    match line.after:
        case Answer.KEPT:
            return it.said(line, "show.review.kept")
        case Answer.ENDED:
            return it.said(line, "show.review.ended")
    return _other(it, line)


def _other(it: Telling, line: AuditLine) -> Mrkdwn:
    """A line that has no sentence of its own, as it is written: none is left out."""
    return it.said(line, "show.other", subject=line.subject, before=line.before or "–", after=line.after)


Teller = Callable[[Telling, AuditLine], Mrkdwn | None]

_TELLERS: Final[Mapping[str, Teller]] = {
    "request": _request,
    "grant": _grant,
    "certificate": _certificate,
    "certificate files": _files,
    "review": _review,
    "access review": _access_review,
}
"""By the subject of a line; what else there is are operations, each by its kind."""


# --- terms -----------------------------------------------------------------------------------------------


def _terms(line: AuditLine) -> Mapping[str, str] | None:
    """The terms that a line says; None where it says none, as older ones do."""
    names = ("subject", "duration", "until")
    return {name: line.details[name] for name in names} if all(map(line.details.get, names[:1])) else None


def _spelt(terms: Mapping[str, str], t: Translator) -> Mrkdwn:
    """The terms in few words."""
    subject = read_subject(terms["subject"])
    parts = [] if isinstance(subject, Whole) else [t.show(subject)]
    return Mrkdwn(", ".join([*parts, _length(terms, t)]))


def _difference(before: Mapping[str, str], after: Mapping[str, str], t: Translator) -> tuple[Mrkdwn, Mrkdwn]:
    """What an approver has changed, before and after it: only the length where only that is another."""
    if before["subject"] == after["subject"]:
        return _length(before, t), _length(after, t)
    return _spelt(before, t), _spelt(after, t)


def _length(terms: Mapping[str, str], t: Translator) -> Mrkdwn:
    if terms["until"]:
        return t("card.short.until", until=_moment(terms["until"]))
    if not terms["duration"]:
        return t("card.short.forever")
    try:
        return t.duration(parse_duration(terms["duration"]))
    except Refused:
        # Shorter than anybody may ask for: what is left until a given end.
        return t.show(terms["duration"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
