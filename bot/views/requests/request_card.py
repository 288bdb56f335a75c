"""Cards: the terms of a request, its impact at Heroku, its state in one line, and its buttons."""

from typing import Final

from bot.domain.grant import GrantState
from bot.domain.policy.limits import is_longer_than_default
from bot.domain.policy.rules import Policy
from bot.domain.request import Kind, RequestState, Terms, Verdict
from bot.domain.target import Database, Target
from bot.errors import Refused
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, Message, RequestDetails
from bot.views import block_kit, buttons, reach
from bot.views.method_view import MethodView, network_list
from bot.views.methods import METHOD_VIEWS
from bot.views.mtls import card as mtls_card
from bot.views.mtls import rotation
from bot.views.requests import parties
from bot.views.requests.request_state import ends, state_line
from bot.views.text import first_key, numbers, one_line

REASON_SHOWN: Final = 600
"""Characters of a reason on a card: what a lead reads before deciding."""

REASON_IN_TEXT: Final = 100
"""Characters of a reason in a card's fallback text, of which a phone shows about as much in all."""

OUTLOOK: Final = 800
"""Characters kept for what allows an address besides what a removal ends."""

RULE_SHOWN: Final = 200
"""Characters of a rule's name; where several rules are combined it has all of theirs."""


def approval_card(details: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """The card in the approvals channel.

    While a decision is due it shows all that one needs, most important first; after it, what was decided.
    """
    shown = [block_kit.section(title(details, t)), block_kit.section(_request_input(details, t, policy))]
    if details.request.state is RequestState.PENDING:
        shown += [
            *network_list(details, t),
            block_kit.fields(*_facts(details, t, policy)),
            block_kit.context(_impact(details, t)),
        ]
    shown += [
        block_kit.context(state_line(details, t=t, policy=policy)),
        *_outlook(details, t),
        *rotation.test(details, rotation.under_way(details.operation), t),
        *buttons.for_approvers(details, t),
    ]
    return block_kit.message(headline(details, t), shown)


def direct_card(details: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """An approver's own copy of the card, for want of the approvals channel; it decides as that does."""
    card = approval_card(details, t=t, policy=policy)
    channel = Mrkdwn(policy.approvals_channel)
    return block_kit.message(card.text, [*card.blocks, block_kit.context(t("card.direct", channel=channel))])


def requester_card(details: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """The requester's own copy: one direct message that follows the request."""
    asker = details.request.asker
    asked_by = [block_kit.context(t("card.mine.asked_by", asker=mention(asker)))] if asker else []
    shown = [
        block_kit.section(t("card.mine", id=details.request.id, title=title(details, t))),
        *asked_by,
        *(block_kit.section(changed) for changed in narrowing(details, t)),
        *(block_kit.context(line) for line in parties.ticket_lines(details.request, t, policy)),
        block_kit.context(state_line(details, t=t, policy=policy)),
        *_outlook(details, t),
        *mtls_card.candidates(details, t),
        *_view(details).requester_steps(details, t),
        *buttons.for_owner(details, t),
    ]
    return block_kit.message(headline(details, t), shown)


def asker_card(details: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """The copy of who asked for somebody else: it follows the request, and offers to withdraw it."""
    request = details.request
    params = {"id": request.id, "title": title(details, t), "requester": mention(request.requester)}
    pending = request.state is RequestState.PENDING
    shown = [
        block_kit.section(t("card.mine.behalf", **params)),
        *(block_kit.section(changed) for changed in narrowing(details, t)),
        *(block_kit.context(line) for line in parties.ticket_lines(request, t, policy)),
        block_kit.context(state_line(details, t=t, policy=policy)),
        *(buttons.for_owner(details, t) if pending else buttons.again(details, t)),
    ]
    return block_kit.message(headline(details, t), shown)


def title(details: RequestDetails, t: Translator) -> Mrkdwn:
    """What is requested, in one line."""
    return t(_key("card.title", details, t), **_params(details, t))


def headline(details: RequestDetails, t: Translator) -> Mrkdwn:
    """A request in one line, for notifications and screen readers."""
    request, reason = details.request, one_line(details.request.terms.reason)
    asks = mention(request.asker or request.requester)
    text = t(_key("card.text", details, t), requester=asks, **_params(details, t))
    text = parties.headline(request, text, t)
    return t("card.text.reason", text=text, reason=cut(reason, REASON_IN_TEXT)) if reason else text


def terms_and_facts(details: RequestDetails, t: Translator, policy: Policy) -> list[Block]:
    """The terms without buttons and state."""
    return [
        block_kit.section(title(details, t)),
        block_kit.section(_request_input(details, t, policy)),
        *network_list(details, t),
        block_kit.fields(*_facts(details, t, policy)),
    ]


def narrowing(details: RequestDetails, t: Translator) -> list[Mrkdwn]:
    """To the requester: what an approver has changed, and why if they said so; nothing where nobody has."""
    before, after = details.request.narrowed_from, details.request.terms
    if before is None:
        return []
    old, new = (
        (length(before, t), length(after, t))
        if before.subject == after.subject
        else (_subject_and_length(before, t), _subject_and_length(after, t))
    )
    reasons = [vote.reason for vote in details.decisions if vote.verdict is Verdict.APPROVE and vote.reason]
    if not reasons:
        return [t("card.narrowed", before=old, after=new)]
    reason = cut(one_line(reasons[-1]), REASON_SHOWN)
    return [t("card.narrowed.why", before=old, after=new, reason=reason)]


def _subject_and_length(terms: Terms, t: Translator) -> Mrkdwn:
    return Mrkdwn(f"{t.named(terms.subject)}, {length(terms, t)}")


def length(terms: Terms, t: Translator) -> Mrkdwn:
    """How long, in few characters."""
    if terms.duration is not None:
        return t.duration(terms.duration)
    if terms.until is not None:
        return t("card.short.until", until=terms.until)
    return t("card.short.forever")


def _key(prefix: str, details: RequestDetails, t: Translator) -> str:
    """The key for a request's kind, and for its method where that has a sentence of its own."""
    kind = f"{prefix}.{details.request.kind}"
    return first_key(t, f"{kind}.{details.request.terms.method}", kind)


def _params(details: RequestDetails, t: Translator) -> dict[str, object]:
    # Every sentence is given all of them, and uses what its placeholders name.
    return {
        "network": t.named(details.request.terms.subject),
        "app": details.target.label,
        "length": length(details.request.terms, t),
        "grant": "" if details.grant is None else details.grant.request,
        "handle": "" if details.certificate is None else details.certificate.handle,
    }


def _request_input(details: RequestDetails, t: Translator, policy: Policy) -> str:
    """Who asks, why, and under which ticket."""
    reason = one_line(details.request.terms.reason)
    if details.reasons_hidden:
        why = t("card.reason.hidden")
    elif not reason:
        why = t("card.reason.none")
    else:
        why = t("card.reason", reason=cut(reason, REASON_SHOWN))
    ticket = parties.ticket_lines(details.request, t, policy)
    return "\n".join([parties.who(details.request, t), why, *ticket])


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
            closes = t.names(numbers(details.closes), limit=block_kit.CONTEXT_TEXT - 200 - OUTLOOK)
            ends_them = t("card.change.remove", closes=closes)
            return " ".join([ends_them, *reach.stays(details, details.closes, t)])
    return _view(details).impact(details, t)


def _outlook(details: RequestDetails, t: Translator) -> list[Block]:
    """What allows the addresses of a request although its own access is over, or is about to be."""
    grant = details.grant
    if grant is None or details.request.kind is not Kind.OPEN:
        return []
    own = {grant.request}
    match grant.state:
        case GrantState.ENDING:
            said = reach.stays(details, own, t)
        case GrantState.ENDED | GrantState.INTERRUPTED:
            said = reach.still(details, t)
        case GrantState.FAILED:
            said = reach.after_failure(details, grant.request, t)
        case _:
            return []
    return [block_kit.context(" ".join(said))] if said else []


def _view(details: RequestDetails) -> MethodView:
    return METHOD_VIEWS[details.request.terms.method]
