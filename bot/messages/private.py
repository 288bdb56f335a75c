"""Answers that only the one who asked sees."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.policy import Policy
from bot.domain.request import RequestState, Verdict
from bot.errors import Refused
from bot.messages import blocks, cards
from bot.messages.words import Mrkdwn, Words, cut, mention
from bot.ports import Block, Case, Message

KNOWN: Final = "`mtls add`, `list`, `show`, `help`"
"""The commands that are there."""

_ASKING: Final = ("help.example.short", "help.example.long")
_READING: Final = ("help.example.list", "help.example.show")

_HELP: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "": (
        ("help.title", "", "help.mtls", "help.mtls.add", "", "help.reading", "help.list", "help.show",
         "help.form", "help.help"),
        _ASKING,
    ),
    "mtls": (("help.mtls", "help.mtls.add"), _ASKING),
    "list": (("help.list",), _READING),
    "show": (("help.show",), _READING),
}  # fmt: skip
"""By topic: the lines, and two examples that fit."""


def refused(error: Refused, words: Words) -> Message:
    """What is wrong, and a right example."""
    return _message([words.refusal(error)])


def trouble(key: str, reference: str, words: Words) -> Message:
    """Something on our side failed; the reference finds it in the log."""
    return _message([words(key, reference=reference)])


def not_yet(typed: Sequence[str], words: Words) -> Message:
    """A command of the design that has not arrived."""
    return _message([words("not_yet", words=" ".join(typed), known=Mrkdwn(KNOWN))])


def asked(case: Case, *, words: Words, policy: Policy) -> Message:
    """What was understood, and what happens now."""
    terms = case.request.terms
    title = words(
        "asked.title",
        id=case.request.id,
        network=terms.network,
        app=case.database.app,
        length=cards.length(terms, words),
    )
    said = [title]
    if terms.reason:
        said.append(words("asked.reason", reason=cut(cards.one_line(terms.reason), cards.REASON_SHOWN)))
    channel = Mrkdwn(policy.approvals_channel)
    said.append(words("asked.next", approvers=cards.approvers(policy), channel=channel))
    return _message(["\n".join(said)], text=title)


def decided(case: Case, verdict: Verdict, words: Words) -> Message:
    """To the approver: it counted."""
    key = "decided.approved" if verdict is Verdict.APPROVE else "decided.denied"
    what = {"id": case.request.id, "network": case.request.terms.network, "app": case.database.app}
    return _message([words(key, **what)])


def listing(cases: Sequence[Case], *, limit: int, words: Words, policy: Policy) -> Message:
    """What is open or waiting, newest first."""
    if not cases:
        return _message([words("list.none")])
    shown: list[Block] = [blocks.section(words("list.title"))]
    for case in cases:
        line = words(
            "list.line",
            network=case.request.terms.network,
            app=case.database.app,
            length=cards.length(case.request.terms, words),
            requester=mention(case.request.requester),
        )
        shown += [blocks.section(line), blocks.context(cards.state_line(case, words=words, policy=policy))]
    if len(cases) == limit:
        shown.append(blocks.context(words("list.more", count=limit)))
    return Message(text=words("list.title"), blocks=shown)


def showing(case: Case, *, words: Words, policy: Policy) -> Message:
    """One request with its history."""
    history = "\n".join([words("show.history"), *_history(case, words)])
    line = cards.state_line(case, words=words, policy=policy)
    shown = [*cards.terms_and_facts(case, words), blocks.section(history), blocks.context(line)]
    return Message(text=cards.headline(case, words), blocks=shown)


def helping(topic: Sequence[str], *, words: Words, policy: Policy) -> Message:
    """What can be typed, at every level, with two fitting examples."""
    lines, examples = _HELP.get(topic[0] if topic else "", _HELP[""])
    said = [words(key) if key else "" for key in [*lines, "", "help.examples", *examples]]
    shown = [blocks.section("\n".join(said))]
    if "help.mtls.add" in lines:
        limits = words("help.limits", default=policy.default_duration, longest=policy.longest_duration)
        shown.append(blocks.context(limits))
    return Message(text=words("help.title"), blocks=shown)


def _history(case: Case, words: Words) -> list[Mrkdwn]:
    request, grant = case.request, case.grant
    lines = [words("show.asked", at=request.asked_at, person=mention(request.requester))]
    lines += [
        words(f"show.{vote.verdict}", at=vote.at, person=mention(vote.person)) for vote in case.decisions
    ]
    if request.state in (RequestState.CANCELLED, RequestState.LAPSED):
        lines.append(words("show.closed", at=request.decided_at, state=request.state))
    if grant is not None and grant.verified_at is not None:
        lines.append(words("show.verified", at=grant.verified_at))
    if grant is not None and grant.closed_at is not None:
        lines.append(words("show.closed", at=grant.closed_at, state=words(f"closed.{grant.state}")))
    return lines


def _message(paragraphs: Sequence[str], *, text: str | None = None) -> Message:
    return Message(text=text or paragraphs[0], blocks=[blocks.section(said) for said in paragraphs])
