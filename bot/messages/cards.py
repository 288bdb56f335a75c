"""What is shown of a request: its terms, what they would change, its state in one grey line, its buttons."""

from typing import Final

from bot.domain.grant import Grant, GrantState, Why
from bot.domain.methods import MTLS_RULE_LIMIT
from bot.domain.network import address_count, is_documentation
from bot.domain.policy import Policy
from bot.domain.request import Decision, RequestState, Terms
from bot.messages import blocks, names
from bot.messages.words import Mrkdwn, Words, cut, mention
from bot.ports import Block, Case, Message

REASON_SHOWN: Final = 600
"""Characters of a reason on a card: what a lead reads before deciding; ``show`` has no more either."""

DETAIL_SHOWN: Final = 200
"""Characters of Heroku's own words."""


def approval_card(case: Case, *, words: Words, policy: Policy) -> Message:
    """The card in the approvals channel.

    While a decision is due it shows all that one needs, most important first; after it, what was decided.
    """
    shown = [blocks.section(words("card.title", **_what(case, words))), blocks.section(_wish(case, words))]
    line = blocks.context(state_line(case, words=words, policy=policy))
    if case.request.state is RequestState.PENDING:
        shown += [blocks.fields(*_facts(case, words)), blocks.context(_change(case, words)), line]
        return Message(text=headline(case, words), blocks=[*shown, _buttons(case, words)])
    return Message(text=headline(case, words), blocks=[*shown, line])


def requester_card(case: Case, *, words: Words, policy: Policy) -> Message:
    """The requester's own copy: one direct message that follows the request."""
    title = words("card.mine", id=case.request.id, **_what(case, words))
    line = state_line(case, words=words, policy=policy)
    return Message(text=headline(case, words), blocks=[blocks.section(title), blocks.context(line)])


def headline(case: Case, words: Words) -> Mrkdwn:
    """A request in one line, for notifications and screen readers."""
    return words("card.text", requester=mention(case.request.requester), **_what(case, words))


def terms_and_facts(case: Case, words: Words) -> list[Block]:
    """The terms without buttons and state."""
    return [
        blocks.section(words("card.title", **_what(case, words))),
        blocks.section(_wish(case, words)),
        blocks.fields(*_facts(case, words)),
    ]


def state_line(case: Case, *, words: Words, policy: Policy) -> Mrkdwn:
    """Where the request stands: said here and nowhere else."""
    if case.grant is not None:
        return _grant_line(case, case.grant, words)
    request, id = case.request, case.request.id
    if request.state is RequestState.PENDING:
        return words("state.pending", id=id, approvers=approvers(policy))
    if request.state is not RequestState.DENIED:
        return words(f"state.{request.state}", id=id, at=request.decided_at)
    vote = _last(case)
    key = "state.denied.why" if vote.reason else "state.denied"
    reason = cut(one_line(vote.reason), DETAIL_SHOWN)
    return words(key, id=id, person=mention(vote.person), at=vote.at, reason=reason)


def why(grant: Grant, words: Words) -> Mrkdwn:
    """The reason of a grant's state, Heroku's own words included where it refused."""
    if grant.why is Why.REFUSED and grant.detail:
        return words("why.refused.detail", detail=cut(grant.detail, DETAIL_SHOWN))
    return words(f"why.{grant.why or Why.EXPIRED}")


def length(terms: Terms, words: Words) -> Mrkdwn:
    """How long, in few characters."""
    if terms.duration is not None:
        return words.duration(terms.duration)
    return words("card.short.until", until=terms.until)


def approvers(policy: Policy) -> Mrkdwn:
    """Those who may decide, mentioned; sorted, so that a card does not change by itself."""
    return Mrkdwn(" ".join(mention(person) for person in sorted(policy.approvers)))


def one_line(text: str) -> str:
    """A person's text without line breaks, which would end a quotation."""
    return " ".join(text.split())


def _what(case: Case, words: Words) -> dict[str, object]:
    return {
        "network": case.request.terms.network,
        "app": case.database.app,
        "length": length(case.request.terms, words),
    }


def _facts(case: Case, words: Words) -> list[tuple[str, str]]:
    database, terms = case.database, case.request.terms
    place = "card.place.shield" if database.shield else "card.place.space"
    count = address_count(terms.network)
    width = words("card.width.one") if count == 1 else words("card.width.many", count=f"{count:,}")
    if terms.duration is None:
        lasts = words("card.length.until", until=terms.until)
    else:
        lasts = words("card.length.duration", duration=terms.duration)
    return [
        (words("card.database"), f"{words.show(database.app)}  `{words.show(database.name)}`"),
        (words("card.place"), words(place, space=database.space, region=database.region)),
        (words("card.width"), width),
        (words("card.length"), lasts),
    ]


def _wish(case: Case, words: Words) -> str:
    """Who asks, and why."""
    requester, reason = mention(case.request.requester), one_line(case.request.terms.reason)
    who = words("card.who", requester=requester, asked=case.request.asked_at)
    if not reason:
        return f"{who}\n{words('card.reason.none')}"
    return f"{who}\n{words('card.reason', reason=cut(reason, REASON_SHOWN))}"


def _change(case: Case, words: Words) -> str:
    """What approving would change at Heroku, as of the last look."""
    network, look, app = case.request.terms.network, case.look, case.database.app
    said = []
    if look is None:
        said.append(words("card.change.unseen", app=app))
    else:
        covering = look.covering(network)
        exact = [rule for rule in covering if rule.network == network]
        if any(rule.id in look.ours for rule in exact):
            said.append(words("card.change.ours", network=network))
        elif exact:
            said.append(words("card.change.foreign"))
        else:
            used = len(look.rules)
            said.append(words("card.change.add", app=app, used=used, limit=MTLS_RULE_LIMIT))
            said.extend(words("card.change.covered", cover=rule.network) for rule in covering[:1])
    if is_documentation(network):
        said.append(words("card.documentation"))
    return " ".join(said)


def _buttons(case: Case, words: Words) -> Block:
    value = names.button_value(case.request.id, case.request.version)
    return blocks.actions(
        blocks.button(words("card.approve"), action=names.APPROVE, value=value, style="primary"),
        blocks.button(words("card.deny"), action=names.DENY, value=value, style="danger"),
        blocks.button(words("card.details"), action=names.DETAILS, value=value),
    )


def _grant_line(case: Case, grant: Grant, words: Words) -> Mrkdwn:
    id, state = case.request.id, grant.state
    vote = _last(case)
    match state:
        case GrantState.APPLYING:
            return words("state.applying", id=id, person=mention(vote.person), at=vote.at)
        case GrantState.IN_FORCE:
            since, ends = grant.verified_at, grant.ends_at
            return words("state.in_force", id=id, since=since, ends=ends, person=mention(vote.person))
        case GrantState.ENDING:
            return words("state.ending", id=id)
    return words(f"state.{state}", id=id, at=grant.closed_at, why=why(grant, words))


def _last(case: Case) -> Decision:
    """The vote that decided; without one the store would be at odds with itself."""
    return case.decisions[-1]
