"""Cards: the terms of a request, its impact at Heroku, its state in one line, and its buttons."""

from typing import Final

from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.operation import Operation, OperationState
from bot.domain.policy.limits import is_longer_than_default
from bot.domain.policy.rules import Policy
from bot.domain.request import Decision, Kind, Request, RequestState, Terms, Verdict, deciding
from bot.domain.target import Database, Target
from bot.errors import Refused
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, Message, RequestDetails
from bot.views import block_kit, buttons
from bot.views.method_view import MethodView
from bot.views.methods import METHOD_VIEWS
from bot.views.mtls import card as mtls_card
from bot.views.mtls import rotation
from bot.views.text import first_key, numbers, one_line

REASON_SHOWN: Final = 600
"""Characters of a reason on a card: what a lead reads before deciding."""

REASON_IN_TEXT: Final = 100
"""Characters of a reason in a card's fallback text, of which a phone shows about as much in all."""

RULE_SHOWN: Final = 200
"""Characters of a rule's name; where several rules are combined it has all of theirs."""

DETAIL_SHOWN: Final = 200
"""Characters of an error message of Heroku's."""


def approval_card(details: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """The card in the approvals channel.

    While a decision is due it shows all that one needs, most important first; after it, what was decided.
    """
    shown = [block_kit.section(title(details, t)), block_kit.section(_request_input(details, t))]
    if details.request.state is RequestState.PENDING:
        shown += [block_kit.fields(*_facts(details, t, policy)), block_kit.context(_impact(details, t))]
    shown += [
        block_kit.context(state_line(details, t=t, policy=policy)),
        *rotation.test(details, rotation.under_way(details.operation), t),
        *buttons.for_approvers(details, t),
    ]
    return block_kit.message(headline(details, t), shown)


def requester_card(details: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """The requester's own copy: one direct message that follows the request."""
    shown = [
        block_kit.section(t("card.mine", id=details.request.id, title=title(details, t))),
        block_kit.context(state_line(details, t=t, policy=policy)),
        *mtls_card.candidates(details, t),
        *buttons.for_owner(details, t),
    ]
    return block_kit.message(headline(details, t), shown)


def title(details: RequestDetails, t: Translator) -> Mrkdwn:
    """What is requested, in one line."""
    return t(_key("card.title", details, t), **_params(details, t))


def headline(details: RequestDetails, t: Translator) -> Mrkdwn:
    """A request in one line, for notifications and screen readers."""
    requester, reason = mention(details.request.requester), one_line(details.request.terms.reason)
    text = t(_key("card.text", details, t), requester=requester, **_params(details, t))
    return t("card.text.reason", text=text, reason=cut(reason, REASON_IN_TEXT)) if reason else text


def terms_and_facts(details: RequestDetails, t: Translator, policy: Policy) -> list[Block]:
    """The terms without buttons and state."""
    return [
        block_kit.section(title(details, t)),
        block_kit.section(_request_input(details, t)),
        block_kit.fields(*_facts(details, t, policy)),
    ]


def state_line(details: RequestDetails, *, t: Translator, policy: Policy) -> Mrkdwn:
    """Where the request stands. Every message takes this line from here, so that none contradicts another."""
    request = details.request
    match request.state:
        case RequestState.PENDING:
            return _pending_line(details, t, policy)
        case RequestState.DENIED:
            decision = decisive(details)
            key = "state.denied.why" if decision.reason else "state.denied"
            reason = cut(one_line(decision.reason), DETAIL_SHOWN)
            return t(key, id=request.id, person=mention(decision.person), at=decision.at, reason=reason)
        case RequestState.APPROVED if details.reopening is not None:
            return _reopening_line(details, details.reopening, t, policy)
        case RequestState.APPROVED:
            return _approved_line(details, t)
        case RequestState.WITHDRAWN:
            return t("state.withdrawn", id=request.id, at=request.decided_at, why=why_withdrawn(details, t))
    return t(f"state.{request.state}", id=request.id, at=request.decided_at)


def why_withdrawn(details: RequestDetails, t: Translator) -> Mrkdwn:
    """Why a request was withdrawn, as part of a sentence."""
    withdrawn = details.request.withdrawn
    if withdrawn is None:
        return t("withdrawn.other")
    return t(first_key(t, f"withdrawn.{withdrawn.reason}", "withdrawn.other"), **withdrawn.values)


def why(grant: Grant | Operation, t: Translator) -> Mrkdwn:
    """The reason of a state; where Heroku rejected something, with its error message."""
    if grant.reason_code is ReasonCode.REFUSED and grant.detail:
        # The sentence that this becomes part of has a full stop of its own.
        return t("why.refused.detail", detail=cut(grant.detail.rstrip(".。 "), DETAIL_SHOWN))
    key = f"why.{grant.reason_code or ReasonCode.EXPIRED}"
    return t(
        first_key(t, f"{key}.{grant.method}", f"{key}.change" if isinstance(grant, Operation) else key, key)
    )


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


def approvers(policy: Policy, rule: str, t: Translator) -> Mrkdwn:
    """Those who may decide under a rule, mentioned."""
    return _mentioned(_approvers(policy, rule), policy, t)


def deciding_people(policy: Policy, request: Request, t: Translator) -> Mrkdwn:
    """Those who may decide a request, mentioned: with the admins where nobody else could."""
    if not request.by_admins:
        return approvers(policy, request.rule, t)
    # One list, so that nobody is mentioned twice.
    return _mentioned(_approvers(policy, request.rule) | policy.admins, policy, t)


def admins(policy: Policy, rule: str, t: Translator) -> Mrkdwn:
    """The admins, mentioned; where the policy names none, those who may decide under a rule."""
    return _mentioned(policy.admins or _approvers(policy, rule), policy, t)


def _approvers(policy: Policy, rule: str) -> frozenset[str]:
    named = policy.rule_named(rule)
    return policy.admins if named is None else named.approvers


def _mentioned(people: frozenset[str], policy: Policy, t: Translator) -> Mrkdwn:
    """Sorted, so that rendering twice gives the same text; groups, which reach most people, come first."""
    if not people:
        # While the policy cannot be read nobody is known by name.
        return Mrkdwn(f"<#{policy.approvals_channel}>")
    return t.people(sorted(people))


def _key(prefix: str, details: RequestDetails, t: Translator) -> str:
    """The key for a request's kind, and for its method where that has a sentence of its own."""
    kind = f"{prefix}.{details.request.kind}"
    return first_key(t, f"{kind}.{details.request.terms.method}", kind)


def _params(details: RequestDetails, t: Translator) -> dict[str, object]:
    # Every sentence is given all of them, and uses what its placeholders name.
    return {
        "network": details.request.terms.subject,
        "app": details.target.label,
        "length": length(details.request.terms, t),
        "grant": "" if details.grant is None else details.grant.request,
        "handle": "" if details.certificate is None else details.certificate.handle,
    }


def _request_input(details: RequestDetails, t: Translator) -> str:
    """Who asks, and why."""
    requester, reason = mention(details.request.requester), one_line(details.request.terms.reason)
    who = t("card.who", requester=requester, asked=details.request.asked_at)
    if not reason:
        return f"{who}\n{t('card.reason.none')}"
    return f"{who}\n{t('card.reason', reason=cut(reason, REASON_SHOWN))}"


def _facts(details: RequestDetails, t: Translator, policy: Policy) -> list[tuple[str, str]]:
    kind, rule = details.request.kind, (t("card.rule"), _judged_by(details, t, policy))
    facts = [*_where(details.target, t), rule, *_view(details).facts(details, t)]
    # What removes access, or is done once, has no duration.
    if kind is not Kind.REMOVE and not kind.happens_once:
        facts.append((t("card.length"), _marked_duration(details, t, policy)))
    return facts


def _where(target: Target, t: Translator) -> list[tuple[str, str]]:
    """The database and its space, or the space alone."""
    space = target.space if isinstance(target, Database) else target.name
    place = "card.place.shield" if target.shield else "card.place.space"
    where: tuple[str, str] = (t("card.place"), t(place, space=space, region=target.region))
    if not isinstance(target, Database):
        return [where]
    return [(t("card.database"), f"{t.show(target.label)}  `{t.show(target.name)}`"), where]


def _judged_by(details: RequestDetails, t: Translator, policy: Policy) -> Mrkdwn:
    """The policy rule of a request, with the environment of its database."""
    rule = cut(details.request.rule, RULE_SHOWN)
    try:
        # A space is judged by every database inside as well, which are not known here.
        found = policy.environments(details.target) if isinstance(details.target, Database) else ()
    except Refused:
        found = ()
    return t("card.rule.of", rule=rule, environment=t.names(sorted(found))) if found else rule


def _marked_duration(details: RequestDetails, t: Translator, policy: Policy) -> Mrkdwn:
    """How long, with a mark where that is more than who asks for no duration gets."""
    request, rule = details.request, policy.rule_named(details.request.rule)
    shown = _duration(details, t)
    if rule is None or not is_longer_than_default(rule, request.terms, asked=request.asked_at):
        return shown
    return t("card.length.long", length=shown, default=rule.default_duration)


def _duration(details: RequestDetails, t: Translator) -> Mrkdwn:
    terms = details.request.terms
    if details.request.kind is Kind.EXTEND:
        return t("card.length.more", duration=length(terms, t))
    if terms.duration is not None:
        return t("card.length.duration", duration=terms.duration)
    return length(terms, t)


def _impact(details: RequestDetails, t: Translator) -> str:
    """What approving would change at Heroku, as of the last observation."""
    # These two change the same with every method.
    match details.request.kind:
        case Kind.EXTEND | Kind.REOPEN:
            end = t("ends.never") if details.grant is None else ends(details.grant, t)
            return t(f"card.change.{details.request.kind}", ends=end)
        case Kind.REMOVE:
            # Whoever approves ends all of these: as many as fit are shown.
            closes = t.names(numbers(details.closes), limit=block_kit.CONTEXT_TEXT - 200)
            return t("card.change.remove", closes=closes)
    return _view(details).impact(details, t)


def _view(details: RequestDetails) -> MethodView:
    return METHOD_VIEWS[details.request.terms.method]


def _pending_line(details: RequestDetails, t: Translator, policy: Policy) -> Mrkdwn:
    request = details.request
    deciders = deciding_people(policy, request, t)
    agreed = [each.person for each in details.decisions if each.verdict is Verdict.APPROVE and each.counts]
    if not agreed:
        return t("state.pending", id=request.id, approvers=deciders)
    people = t.people(agreed)
    return t(
        "state.pending.votes",
        id=request.id,
        approvers=deciders,
        votes=len(agreed),
        needed=request.needed,
        people=people,
    )


def _reopening_line(details: RequestDetails, reopening: Request, t: Translator, policy: Policy) -> Mrkdwn:
    """Somebody closed it, and the decision to open it again is due."""
    grant = details.grant
    return t(
        "state.reopening",
        id=details.request.id,
        why="" if grant is None else why(grant, t),
        requester=mention(reopening.requester),
        needed=reopening.needed,
        approvers=deciding_people(policy, reopening, t),
    )


def _approved_line(details: RequestDetails, t: Translator) -> Mrkdwn:
    request, grant, decision = details.request, details.grant, decisive(details)
    # An operation with a grant is that grant's first step: the grant's line tells of it.
    if details.operation is not None and grant is None:
        return _operation_line(details, details.operation, t)
    # An approved removal ends the grants of other requests, and has none of its own.
    if request.kind is Kind.REMOVE or grant is None:
        return t("state.removal", id=request.id, person=mention(decision.person), at=decision.at)
    if request.kind is Kind.REOPEN:
        person = mention(decision.person)
        return t("state.reopened", id=request.id, person=person, at=decision.at, grant=grant.request)
    if request.kind is Kind.EXTEND:
        end = ends(grant, t)
        return t(
            "state.extended",
            id=request.id,
            person=mention(decision.person),
            at=decision.at,
            grant=grant.request,
            ends=end,
        )
    return _grant_line(details, grant, t)


def _operation_line(details: RequestDetails, operation: Operation, t: Translator) -> Mrkdwn:
    if operation.state is OperationState.FAILED:
        return t("state.not_done", id=details.request.id, why=why(operation, t))
    person = mention(decisive(details).person)
    progress = rotation.under_way(operation)
    if progress is not None:
        return rotation.state_line(details, operation, progress, t, person=person)
    return t(
        first_key(t, f"state.{operation.state}.{operation.kind}", f"state.{operation.state}"),
        id=details.request.id,
        person=person,
        since=operation.started_at,
        at=operation.closed_at,
    )


def _grant_line(details: RequestDetails, grant: Grant, t: Translator) -> Mrkdwn:
    id, state = details.request.id, grant.state
    decision = decisive(details)
    match state:
        # While mTLS is being enabled first, the grant waits for that operation.
        case GrantState.APPLYING if (
            details.operation is not None and details.operation.state is OperationState.DOING
        ):
            since = details.operation.started_at
            return t("state.enabling", id=id, person=mention(decision.person), since=since)
        case GrantState.WAITING:
            return t("state.waiting", id=id, person=mention(decision.person), at=decision.at)
        case GrantState.APPLYING:
            key = first_key(t, f"state.applying.{grant.method}", "state.applying")
            return t(key, id=id, person=mention(decision.person), at=decision.at)
        case GrantState.IN_FORCE:
            end = ends(grant, t)
            return t(
                "state.in_force", id=id, since=grant.verified_at, ends=end, person=mention(decision.person)
            )
        case GrantState.ENDING:
            return t("state.ending", id=id)
    return t(f"state.{state}", id=id, at=grant.closed_at, why=why(grant, t))


def decisive(details: RequestDetails) -> Decision:
    """The decision that settled a request; a request that is decided has one."""
    return deciding(details.request.state, details.decisions) or details.decisions[-1]
