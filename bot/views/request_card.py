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

REASON_IN_TEXT: Final = 100
"""Characters of a reason in a card's fallback text, of which a phone shows about as much in all."""

DETAIL_SHOWN: Final = 200
"""Characters of Heroku's own words."""


def approval_card(case: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """The card in the approvals channel.

    While a decision is due it shows all that one needs, most important first; after it, what was decided.
    """
    shown = [block_kit.section(title(case, t)), block_kit.section(_request_input(case, t))]
    line = block_kit.context(state_line(case, t=t, policy=policy))
    if case.request.state is RequestState.PENDING:
        shown += [block_kit.fields(*_facts(case, t)), block_kit.context(_change(case, t))]
    turning = None if case.operation is None else rotation.under_way(case.operation)
    shown += [line, *rotation.test(case, turning, t), *buttons.for_approvers(case, t)]
    return Message(text=headline(case, t), blocks=shown)


def requester_card(case: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """The requester's own copy: one direct message that follows the request."""
    mine = t("card.mine", id=case.request.id, title=title(case, t))
    line = block_kit.context(state_line(case, t=t, policy=policy))
    chosen = mtls_card.several(case, t)
    shown = [block_kit.section(mine), line, *chosen, *buttons.for_owner(case, t)]
    return Message(text=headline(case, t), blocks=shown)


def title(case: RequestDetails, t: Translator) -> Mrkdwn:
    """What is asked, in one line."""
    return t(f"card.title.{variant(case)}", **_what(case, t))


def headline(case: RequestDetails, t: Translator) -> Mrkdwn:
    """A request in one line, for notifications and screen readers."""
    requester, reason = mention(case.request.requester), one_line(case.request.terms.reason)
    text = t(f"card.text.{variant(case)}", requester=requester, **_what(case, t))
    return t("card.text.reason", text=text, reason=cut(reason, REASON_IN_TEXT)) if reason else text


def terms_and_facts(case: RequestDetails, t: Translator) -> list[Block]:
    """The terms without buttons and state."""
    return [
        block_kit.section(title(case, t)),
        block_kit.section(_request_input(case, t)),
        block_kit.fields(*_facts(case, t)),
    ]


def state_line(case: RequestDetails, *, t: Translator, policy: Policy) -> Mrkdwn:
    """Where the request stands: said here and nowhere else."""
    request = case.request
    match request.state:
        case RequestState.PENDING:
            return _pending_line(case, t, policy)
        case RequestState.DENIED:
            vote = decisive(case)
            key = "state.denied.why" if vote.reason else "state.denied"
            reason = cut(one_line(vote.reason), DETAIL_SHOWN)
            return t(key, id=request.id, person=mention(vote.person), at=vote.at, reason=reason)
        case RequestState.APPROVED:
            return _approved_line(case, t)
    return t(f"state.{request.state}", id=request.id, at=request.decided_at)


def why(grant: Grant | Operation, t: Translator) -> Mrkdwn:
    """The reason of a state, Heroku's own words included where it refused."""
    if grant.why is Why.REFUSED and grant.detail:
        # The sentence around it has a full stop of its own.
        return t("why.refused.detail", detail=cut(grant.detail.rstrip(".。 "), DETAIL_SHOWN))
    said = f"why.{grant.why or Why.EXPIRED}"
    special = [f"{said}.{grant.method}", f"{said}.change" if isinstance(grant, Operation) else said, said]
    return t(next(key for key in special if key in t))


def length(terms: Terms, t: Translator) -> Mrkdwn:
    """How long, in few characters."""
    if terms.duration is not None:
        return t.duration(terms.duration)
    if terms.until is not None:
        return t("card.short.until", until=terms.until)
    return t("card.short.forever")


def ends(grant: Grant, t: Translator) -> Mrkdwn:
    """When a grant ends, in a sentence: a date, or that it has no end."""
    return t("ends.never") if grant.ends_at is None else t("ends.at", at=grant.ends_at)


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


def _what(case: RequestDetails, t: Translator) -> dict[str, object]:
    return {
        "network": case.request.terms.subject,
        "app": case.target.label,
        "length": length(case.request.terms, t),
        "grant": "" if case.grant is None else case.grant.request,
        "handle": "" if case.certificate is None else case.certificate.handle,
    }


def _request_input(case: RequestDetails, t: Translator) -> str:
    """Who asks, and why."""
    requester, reason = mention(case.request.requester), one_line(case.request.terms.reason)
    who = t("card.who", requester=requester, asked=case.request.asked_at)
    if not reason:
        return f"{who}\n{t('card.reason.none')}"
    return f"{who}\n{t('card.reason', reason=cut(reason, REASON_SHOWN))}"


def _facts(case: RequestDetails, t: Translator) -> list[tuple[str, str]]:
    kind, subject = case.request.kind, case.request.terms.subject
    facts = _where(case.target, t)
    if isinstance(subject, Network):
        count = address_count(subject)
        width = t("card.width.one") if count == 1 else t("card.width.many", count=f"{count:,}")
        facts.append((t("card.width"), width))
    if case.certificate is not None:
        facts += mtls_card.facts(case.certificate, t)
    if isinstance(subject, Accounts):
        facts += privatelink_card.facts(case, subject, t)
    if kind is not Kind.REMOVE and not kind.happens_once:
        facts.append((t("card.length"), _lasts(case, t)))
    return facts


def _where(target: Target, t: Translator) -> list[tuple[str, str]]:
    """The database and its space, or the space alone."""
    space = target.space if isinstance(target, Database) else target.name
    place = "card.place.shield" if target.shield else "card.place.space"
    where: tuple[str, str] = (t("card.place"), t(place, space=space, region=target.region))
    if not isinstance(target, Database):
        return [where]
    return [(t("card.database"), f"{t.show(target.app)}  `{t.show(target.name)}`"), where]


def _lasts(case: RequestDetails, t: Translator) -> Mrkdwn:
    terms = case.request.terms
    if case.request.kind is Kind.EXTEND:
        return t("card.length.more", duration=length(terms, t))
    if terms.duration is not None:
        return t("card.length.duration", duration=terms.duration)
    return length(terms, t)


def _change(case: RequestDetails, t: Translator) -> str:
    """What approving would change at Heroku, as of the last look."""
    if case.request.kind is Kind.CLOSE and case.request.terms.method is Method.PRIVATELINK:
        return privatelink_card.cuts(case, t)
    if case.request.kind.happens_once:
        return " ".join([mtls_card.change(case, t), *drift.rules_meant(case, t)])
    match case.request.kind:
        case Kind.EXTEND:
            now = t("ends.never") if case.grant is None else ends(case.grant, t)
            return t("card.change.extend", ends=now)
        case Kind.REMOVE:
            return t("card.change.remove", closes=", ".join(f"#{id}" for id in case.closes))
    subject = case.request.terms.subject
    if isinstance(subject, Accounts):
        return privatelink_card.change(case, subject, t)
    if case.request.terms.method is Method.TRUSTED:
        return status.change(case, case.request.terms.network, t)
    network, observation, app = case.request.terms.network, case.rules, case.database.app
    said = [t("card.change.enables", app=app)] if case.request.terms.enables_mtls else []
    if observation is None:
        said.append(t("card.change.unseen", app=app))
    else:
        covering = observation.covering(network)
        exact = [rule for rule in covering if rule.network == network]
        if any(rule.id in observation.ours for rule in exact):
            said.append(t("card.change.ours", network=network))
        elif exact:
            said.append(t("card.change.unmanaged"))
        else:
            used = len(observation.rules)
            said.append(t("card.change.add", app=app, used=used, limit=MTLS_RULE_LIMIT))
            said.extend(t("card.change.covered", cover=rule.network) for rule in covering[:1])
    if is_documentation(network):
        said.append(t("card.documentation"))
    return " ".join(said)


def _pending_line(case: RequestDetails, t: Translator, policy: Policy) -> Mrkdwn:
    request = case.request
    waits = approvers(policy, request.rule)
    agreed = [vote.person for vote in case.decisions if vote.verdict is Verdict.APPROVE]
    if not agreed:
        return t("state.pending", id=request.id, approvers=waits)
    people = Mrkdwn(" ".join(mention(person) for person in agreed))
    return t(
        "state.pending.votes",
        id=request.id,
        approvers=waits,
        votes=len(agreed),
        needed=request.needed,
        people=people,
    )


def _approved_line(case: RequestDetails, t: Translator) -> Mrkdwn:
    request, grant, vote = case.request, case.grant, decisive(case)
    if case.operation is not None and grant is None:
        return _change_line(case, case.operation, t)
    if request.kind is Kind.REMOVE or grant is None:
        return t("state.removal", id=request.id, person=mention(vote.person), at=vote.at)
    if request.kind is Kind.EXTEND:
        end = ends(grant, t)
        return t(
            "state.extended",
            id=request.id,
            person=mention(vote.person),
            at=vote.at,
            grant=grant.request,
            ends=end,
        )
    return _grant_line(case, grant, t)


def _change_line(case: RequestDetails, change: Operation, t: Translator) -> Mrkdwn:
    if change.state is OperationState.FAILED:
        return t("state.not_done", id=case.request.id, why=why(change, t))
    turning = rotation.under_way(change)
    if turning is not None:
        person = mention(decisive(case).person)
        return rotation.state_line(case, change, turning, t, person=person)
    special = f"state.{change.state}.{change.kind}"
    return t(
        special if special in t else f"state.{change.state}",
        id=case.request.id,
        person=mention(decisive(case).person),
        since=change.started_at,
        at=change.closed_at,
    )


def _grant_line(case: RequestDetails, grant: Grant, t: Translator) -> Mrkdwn:
    id, state = case.request.id, grant.state
    vote = decisive(case)
    match state:
        case GrantState.APPLYING if (
            case.operation is not None and case.operation.state is OperationState.DOING
        ):
            since = case.operation.started_at
            return t("state.enabling", id=id, person=mention(vote.person), since=since)
        case GrantState.WAITING:
            return t("state.waiting", id=id, person=mention(vote.person), at=vote.at)
        case GrantState.APPLYING:
            special = f"state.applying.{grant.method}"
            said = special if special in t else "state.applying"
            return t(said, id=id, person=mention(vote.person), at=vote.at)
        case GrantState.IN_FORCE:
            end = ends(grant, t)
            return t("state.in_force", id=id, since=grant.verified_at, ends=end, person=mention(vote.person))
        case GrantState.ENDING:
            return t("state.ending", id=id)
    return t(f"state.{state}", id=id, at=grant.closed_at, why=why(grant, t))


def decisive(case: RequestDetails) -> Decision:
    """The vote that decided; without one the store would be at odds with itself."""
    return deciding(case.request.state, case.decisions) or case.decisions[-1]
