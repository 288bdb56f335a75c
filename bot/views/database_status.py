"""What Heroku has at one database, and why somebody may not get through: from the last look, with its age."""

from datetime import timedelta
from typing import Final

from bot.domain.drift import NO_DRIFT
from bot.domain.method import AUTHORISED, MTLS_RULE_LIMIT, Method
from bot.domain.mtls import certificate
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.policy import Policy
from bot.domain.request import Kind
from bot.i18n.translator import Mrkdwn, Translator, cut
from bot.ports import Block, DatabaseStatus, Message, RequestDetails
from bot.views import block_kit, request_card
from bot.views import drift as drifting
from bot.views.privatelink import status as linking
from bot.views.trusted_ips import summary

SHOWN: Final = 25
"""Rules that one answer shows: its text stays below Slack's limit for a section."""

NAMED: Final = 5
"""Requests that are named beside one rule."""

TEXT: Final = 40
"""Characters of a foreign rule's description."""

NAME: Final = 80
"""Characters of a certificate's name, which is a host name of Heroku's choice."""

_ERRORS: Final = ("timeout", "certificate", "expired", "key", "password")


def status(situation: DatabaseStatus, words: Translator, *, afresh: bool = False) -> Message:
    """The rules of a database: ours with their requests, and those that others made.

    Args:
        situation: what the last look saw.
        words: the reader's language.
        afresh: drawn once more from a new look; without it, one is on its way.
    """
    database, look = situation.database, situation.look
    title = words(
        "status.title", app=database.app, name=database.name, space=database.space, region=database.region
    )
    if look is None or not look.enabled:
        said = words("status.unseen" if look is None else "status.off")
        off = [block_kit.section(title), block_kit.section(said), *_beside(situation, words)]
        return Message(text=title, blocks=off)
    key = "status.rules.afresh" if afresh else "status.rules"
    used = words(key, used=len(look.rules), limit=MTLS_RULE_LIMIT, at=look.at)
    lines = [_rule(rule, look, situation, words) for rule in look.rules[:SHOWN]]
    if len(look.rules) > SHOWN:
        lines.append(words("status.more", count=len(look.rules) - SHOWN))
    shown = [block_kit.section(title), block_kit.section(used)]
    if lines:
        shown.append(block_kit.section("\n".join(lines)))
    return Message(text=title, blocks=[*shown, *_beside(situation, words)])


def _beside(situation: DatabaseStatus, words: Translator) -> list[Block]:
    """What the last looks have found of mTLS, and the other two ways in."""
    drift = NO_DRIFT if situation.look is None else situation.look.drift
    found = drifting.found(drift, situation.open, Method.MTLS, words)
    return [*found, *linking.brief(situation, words), *summary.brief(situation, words)]


def why(situation: DatabaseStatus, *, words: Translator, policy: Policy) -> Message:
    """Step by step, what stands between a person and a database, and what each ``psql`` error means."""
    title = words("why.title", app=situation.database.app, at=_seen(situation))
    others = [
        *_link_steps(situation, words, policy),
        *summary.why(situation.space, situation.mine, words, policy=policy),
    ]
    # Who asked for another way in only is not told what mTLS would need.
    own = _steps(situation, words, policy) if not others or _asked(situation, Method.MTLS) else []
    steps = [block_kit.section(step) for step in (*others, *own)]
    errors = "\n".join(f"•  {words(f'why.error.{name}')}" for name in _ERRORS)
    help = (block_kit.divider(), block_kit.section(words("why.errors")), block_kit.context(errors))
    return Message(text=title, blocks=[block_kit.section(title), *steps, *help])


def _seen(situation: DatabaseStatus) -> object:
    return situation.now if situation.look is None else situation.look.at


def _rule(rule: IpRule, look: MtlsObservation, situation: DatabaseStatus, words: Translator) -> Mrkdwn:
    if rule.id not in look.ours:
        text = cut(request_card.one_line(rule.description) or "–", TEXT)
        return words("status.rule.foreign", network=rule.network, status=rule.status, text=text)
    owners = [f"#{c.request.id}" for c in situation.open if c.request.terms.subject == rule.network]
    requests = ", ".join([*owners[:NAMED], *("…" for _ in owners[NAMED : NAMED + 1])]) or "–"
    return words("status.rule.ours", network=rule.network, status=rule.status, requests=requests)


def _steps(situation: DatabaseStatus, words: Translator, policy: Policy) -> list[Mrkdwn]:
    look = situation.look
    if look is None:
        return [words("status.unseen")]
    if not look.enabled:
        return [words("why.step.off", app=situation.database.app)]
    mine = _asked(situation, Method.MTLS)
    steps = [words("why.step.on")]
    steps += [_step(case, look, words, policy) for case in mine[:5]]
    if not mine:
        steps.append(words("why.step.none", app=situation.database.app))
    return [*steps, _certificate(situation, look, words)]


def _link_steps(situation: DatabaseStatus, words: Translator, policy: Policy) -> list[Mrkdwn]:
    """The person's own requests for PrivateLink, each held against what Heroku has."""
    return [
        linking.why(situation, case, words, state=request_card.state_line(case, words=words, policy=policy))
        for case in _asked(situation, Method.PRIVATELINK)[:5]
    ]


def _asked(situation: DatabaseStatus, method: Method) -> list[RequestDetails]:
    """What the person has asked for by one way in, and what is pending or open."""
    return [
        case
        for case in situation.mine
        if case.request.kind is Kind.OPEN and case.request.terms.method is method
    ]


def _certificate(situation: DatabaseStatus, look: MtlsObservation, words: Translator) -> Mrkdwn:
    """How long a client certificate of the database is still good for, judged by the one that ends last.

    Where that cannot be told, the person's own file can: not read yet, or an end that nobody can read.
    """
    if situation.certificates:
        return _own_certificate(situation, words)
    usable = certificate.ready(look.certificates)
    if look.certificates_at is None:
        return words("why.step.certificate")
    if not usable:
        return words("why.step.certificate.none", app=situation.database.app)
    ends = [(each.expires_at, each.name) for each in usable if each.expires_at is not None]
    if len(ends) < len(usable):
        return words("why.step.certificate")
    end, name = max(ends)
    left = end - situation.now
    params = {"name": cut(request_card.one_line(name).replace("`", "'"), NAME), "until": end}
    if left <= timedelta():
        return words("why.step.certificate.expired", **params)
    if left <= certificate.SOON:
        return words("why.step.certificate.soon", left=_coarse(left), **params)
    return words("why.step.certificate.valid", days=left.days, **params)


def _own_certificate(situation: DatabaseStatus, words: Translator) -> Mrkdwn:
    """How long the person's own certificate is still good for: the one that ends last."""
    usable = [known for known in situation.certificates if known.status == certificate.READY]
    if not usable:
        return words("why.step.certificate.mine.pending", handle=situation.certificates[0].handle)
    best = max(usable, key=lambda known: known.expires_at or situation.now)
    if best.expires_at is None:
        return words("why.step.certificate")
    left = best.expires_at - situation.now
    params = {"handle": best.handle, "until": best.expires_at}
    if left <= timedelta():
        return words("why.step.certificate.mine.expired", **params)
    if left <= certificate.SOON:
        return words("why.step.certificate.mine.soon", left=_coarse(left), **params)
    return words("why.step.certificate.mine", days=left.days, **params)


def _coarse(left: timedelta) -> timedelta:
    """Whole days; of the last day, the time to the minute."""
    return timedelta(days=left.days) if left.days else left


def _step(case: RequestDetails, look: MtlsObservation, words: Translator, policy: Policy) -> Mrkdwn:
    """One of the person's own requests, held against what Heroku has."""
    network = case.request.terms.network
    listed = next((rule for rule in look.rules if rule.network == network), None)
    params = {"network": network, "id": case.request.id}
    if listed is None:
        state = request_card.state_line(case, words=words, policy=policy)
        return words("why.step.missing", state=state, **params)
    if listed.status != AUTHORISED:
        return words("why.step.wait", status=listed.status, **params)
    return words("why.step.rule", **params)
