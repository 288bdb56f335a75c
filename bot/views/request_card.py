"""What is shown of a request: its terms, what they would change, its state in one grey line, its buttons."""

from typing import Final

from bot.domain.grant import Grant, GrantState, Why
from bot.domain.method import MTLS_RULE_LIMIT, Method
from bot.domain.network import address_count, is_documentation
from bot.domain.operation import Operation, OperationState
from bot.domain.policy import Policy
from bot.domain.request import Decision, Kind, RequestState, Terms, Verdict, deciding
from bot.domain.subject import Accounts, Network
from bot.domain.target import Database, Target
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, Message, RequestDetails
from bot.views import block_kit, buttons, drift
from bot.views.mtls import card as mtls_card
from bot.views.mtls import rotation
from bot.views.privatelink import card as privatelink_card
from bot.views.trusted_ips import status

REASON_SHOWN: Final = 600
"""Characters of a reason on a card: what a lead reads before deciding; ``show`` has no more either."""

DETAIL_SHOWN: Final = 200
"""Characters of Heroku's own words."""


def approval_card(case: RequestDetails, *, words: Translator, policy: Policy) -> Message:
    """The card in the approvals channel.

    While a decision is due it shows all that one needs, most important first; after it, what was decided.
    """
    shown = [block_kit.section(title(case, words)), block_kit.section(_wish(case, words))]
    line = block_kit.context(state_line(case, words=words, policy=policy))
    if case.request.state is RequestState.PENDING:
        shown += [block_kit.fields(*_facts(case, words)), block_kit.context(_change(case, words))]
    turning = None if case.change is None else rotation.under_way(case.change)
    shown += [line, *rotation.test(case, turning, words), *buttons.for_approvers(case, words)]
    return Message(text=headline(case, words), blocks=shown)


def requester_card(case: RequestDetails, *, words: Translator, policy: Policy) -> Message:
    """The requester's own copy: one direct message that follows the request."""
    mine = words("card.mine", id=case.request.id, title=title(case, words))
    line = block_kit.context(state_line(case, words=words, policy=policy))
    chosen = mtls_card.several(case, words)
    shown = [block_kit.section(mine), line, *chosen, *buttons.for_owner(case, words)]
    return Message(text=headline(case, words), blocks=shown)


def title(case: RequestDetails, words: Translator) -> Mrkdwn:
    """What is asked, in one line."""
    return words(f"card.title.{variant(case)}", **_what(case, words))


def headline(case: RequestDetails, words: Translator) -> Mrkdwn:
    """A request in one line, for notifications and screen readers."""
    requester = mention(case.request.requester)
    return words(f"card.text.{variant(case)}", requester=requester, **_what(case, words))


def terms_and_facts(case: RequestDetails, words: Translator) -> list[Block]:
    """The terms without buttons and state."""
    return [
        block_kit.section(title(case, words)),
        block_kit.section(_wish(case, words)),
        block_kit.fields(*_facts(case, words)),
    ]


def state_line(case: RequestDetails, *, words: Translator, policy: Policy) -> Mrkdwn:
    """Where the request stands: said here and nowhere else."""
    request = case.request
    match request.state:
        case RequestState.PENDING:
            return _pending_line(case, words, policy)
        case RequestState.DENIED:
            vote = decisive(case)
            key = "state.denied.why" if vote.reason else "state.denied"
            reason = cut(one_line(vote.reason), DETAIL_SHOWN)
            return words(key, id=request.id, person=mention(vote.person), at=vote.at, reason=reason)
        case RequestState.APPROVED:
            return _approved_line(case, words)
    return words(f"state.{request.state}", id=request.id, at=request.decided_at)


def why(grant: Grant | Operation, words: Translator) -> Mrkdwn:
    """The reason of a state, Heroku's own words included where it refused."""
    if grant.why is Why.REFUSED and grant.detail:
        # The sentence around it has a full stop of its own.
        return words("why.refused.detail", detail=cut(grant.detail.rstrip(".。 "), DETAIL_SHOWN))
    said = f"why.{grant.why or Why.EXPIRED}"
    special = [f"{said}.{grant.method}", f"{said}.change" if isinstance(grant, Operation) else said, said]
    return words(next(key for key in special if key in words))


def length(terms: Terms, words: Translator) -> Mrkdwn:
    """How long, in few characters."""
    if terms.duration is not None:
        return words.duration(terms.duration)
    if terms.until is not None:
        return words("card.short.until", until=terms.until)
    return words("card.short.forever")


def ends(grant: Grant, words: Translator) -> Mrkdwn:
    """When a grant ends, in a sentence: a date, or that it has no end."""
    return words("ends.never") if grant.ends_at is None else words("ends.at", at=grant.ends_at)


def approvers(policy: Policy, rule: str) -> Mrkdwn:
    """Those who may decide under a rule, mentioned; sorted, so that a card does not change by itself."""
    found = policy.rule_named(rule)
    people = found.approvers if found is not None else policy.admins
    return Mrkdwn(" ".join(mention(person) for person in sorted(people)))


def admins(policy: Policy, rule: str) -> Mrkdwn:
    """The admins, mentioned; where the policy names none, those who may decide under a rule."""
    if not policy.admins:
        return approvers(policy, rule)
    return Mrkdwn(" ".join(mention(person) for person in sorted(policy.admins)))


def one_line(text: str) -> str:
    """A person's text without line breaks, which would end a quotation."""
    return " ".join(text.split())


def variant(case: RequestDetails) -> str:
    """What is asked, as sentences are told apart: its kind, and its method where that is not mTLS."""
    kind, method = case.request.kind, case.request.terms.method
    return kind if method is Method.MTLS or kind.happens_once else f"{kind}.{method}"


def _what(case: RequestDetails, words: Translator) -> dict[str, object]:
    return {
        "network": case.request.terms.subject,
        "app": case.target.label,
        "length": length(case.request.terms, words),
        "grant": "" if case.grant is None else case.grant.request,
        "handle": "" if case.certificate is None else case.certificate.handle,
    }


def _wish(case: RequestDetails, words: Translator) -> str:
    """Who asks, and why."""
    requester, reason = mention(case.request.requester), one_line(case.request.terms.reason)
    who = words("card.who", requester=requester, asked=case.request.asked_at)
    if not reason:
        return f"{who}\n{words('card.reason.none')}"
    return f"{who}\n{words('card.reason', reason=cut(reason, REASON_SHOWN))}"


def _facts(case: RequestDetails, words: Translator) -> list[tuple[str, str]]:
    kind, subject = case.request.kind, case.request.terms.subject
    facts = _where(case.target, words)
    if isinstance(subject, Network):
        count = address_count(subject)
        width = words("card.width.one") if count == 1 else words("card.width.many", count=f"{count:,}")
        facts.append((words("card.width"), width))
    if case.certificate is not None:
        facts += mtls_card.facts(case.certificate, words)
    if isinstance(subject, Accounts):
        facts += privatelink_card.facts(case, subject, words)
    if kind is not Kind.REMOVE and not kind.happens_once:
        facts.append((words("card.length"), _lasts(case, words)))
    return facts


def _where(target: Target, words: Translator) -> list[tuple[str, str]]:
    """The database and its space, or the space alone."""
    space = target.space if isinstance(target, Database) else target.name
    place = "card.place.shield" if target.shield else "card.place.space"
    where: tuple[str, str] = (words("card.place"), words(place, space=space, region=target.region))
    if not isinstance(target, Database):
        return [where]
    return [(words("card.database"), f"{words.show(target.app)}  `{words.show(target.name)}`"), where]


def _lasts(case: RequestDetails, words: Translator) -> Mrkdwn:
    terms = case.request.terms
    if case.request.kind is Kind.EXTEND:
        return words("card.length.more", duration=length(terms, words))
    if terms.duration is not None:
        return words("card.length.duration", duration=terms.duration)
    return length(terms, words)


def _change(case: RequestDetails, words: Translator) -> str:
    """What approving would change at Heroku, as of the last look."""
    if case.request.kind is Kind.CLOSE and case.request.terms.method is Method.PRIVATELINK:
        return privatelink_card.cuts(case, words)
    if case.request.kind.happens_once:
        return " ".join([mtls_card.change(case, words), *drift.rules_meant(case, words)])
    match case.request.kind:
        case Kind.EXTEND:
            now = words("ends.never") if case.grant is None else ends(case.grant, words)
            return words("card.change.extend", ends=now)
        case Kind.REMOVE:
            return words("card.change.remove", closes=", ".join(f"#{id}" for id in case.closes))
    subject = case.request.terms.subject
    if isinstance(subject, Accounts):
        return privatelink_card.change(case, subject, words)
    if case.request.terms.method is Method.TRUSTED:
        return status.change(case, case.request.terms.network, words)
    network, look, app = case.request.terms.network, case.rules, case.database.app
    said = [words("card.change.enables", app=app)] if case.request.terms.enables else []
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


def _pending_line(case: RequestDetails, words: Translator, policy: Policy) -> Mrkdwn:
    request = case.request
    waits = approvers(policy, request.rule)
    agreed = [vote.person for vote in case.decisions if vote.verdict is Verdict.APPROVE]
    if not agreed:
        return words("state.pending", id=request.id, approvers=waits)
    people = Mrkdwn(" ".join(mention(person) for person in agreed))
    return words(
        "state.pending.votes",
        id=request.id,
        approvers=waits,
        votes=len(agreed),
        needed=request.needed,
        people=people,
    )


def _approved_line(case: RequestDetails, words: Translator) -> Mrkdwn:
    request, grant, vote = case.request, case.grant, decisive(case)
    if case.change is not None and grant is None:
        return _change_line(case, case.change, words)
    if request.kind is Kind.REMOVE or grant is None:
        return words("state.removal", id=request.id, person=mention(vote.person), at=vote.at)
    if request.kind is Kind.EXTEND:
        end = ends(grant, words)
        return words(
            "state.extended",
            id=request.id,
            person=mention(vote.person),
            at=vote.at,
            grant=grant.request,
            ends=end,
        )
    return _grant_line(case, grant, words)


def _change_line(case: RequestDetails, change: Operation, words: Translator) -> Mrkdwn:
    if change.state is OperationState.FAILED:
        return words("state.not_done", id=case.request.id, why=why(change, words))
    turning = rotation.under_way(change)
    if turning is not None:
        person = mention(decisive(case).person)
        return rotation.state_line(case, change, turning, words, person=person)
    special = f"state.{change.state}.{change.kind}"
    return words(
        special if special in words else f"state.{change.state}",
        id=case.request.id,
        person=mention(decisive(case).person),
        since=change.started_at,
        at=change.closed_at,
    )


def _grant_line(case: RequestDetails, grant: Grant, words: Translator) -> Mrkdwn:
    id, state = case.request.id, grant.state
    vote = decisive(case)
    match state:
        case GrantState.APPLYING if case.change is not None and case.change.state is OperationState.DOING:
            since = case.change.started_at
            return words("state.enabling", id=id, person=mention(vote.person), since=since)
        case GrantState.WAITING:
            return words("state.waiting", id=id, person=mention(vote.person), at=vote.at)
        case GrantState.APPLYING:
            special = f"state.applying.{grant.method}"
            said = special if special in words else "state.applying"
            return words(said, id=id, person=mention(vote.person), at=vote.at)
        case GrantState.IN_FORCE:
            end = ends(grant, words)
            return words(
                "state.in_force", id=id, since=grant.verified_at, ends=end, person=mention(vote.person)
            )
        case GrantState.ENDING:
            return words("state.ending", id=id)
    return words(f"state.{state}", id=id, at=grant.closed_at, why=why(grant, words))


def decisive(case: RequestDetails) -> Decision:
    """The vote that decided; without one the store would be at odds with itself."""
    return deciding(case.request.state, case.decisions) or case.decisions[-1]
