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


def status(situation: DatabaseStatus, t: Translator, *, refreshed: bool = False) -> Message:
    """The rules of a database: ours with their requests, and those that others made.

    Args:
        situation: what the last look saw.
        words: the reader's language.
        afresh: drawn once more from a new look; without it, one is on its way.
    """
    database, observation = situation.database, situation.observation
    title = t(
        "status.title", app=database.app, name=database.name, space=database.space, region=database.region
    )
    if observation is None or not observation.enabled:
        said = t("status.unseen" if observation is None else "status.off")
        off = [block_kit.section(title), block_kit.section(said), *_beside(situation, t)]
        return Message(text=title, blocks=off)
    key = "status.rules.afresh" if refreshed else "status.rules"
    used = t(key, used=len(observation.rules), limit=MTLS_RULE_LIMIT, at=observation.at)
    lines = [_rule(rule, observation, situation, t) for rule in observation.rules[:SHOWN]]
    if len(observation.rules) > SHOWN:
        lines.append(t("status.more", count=len(observation.rules) - SHOWN))
    shown = [block_kit.section(title), block_kit.section(used)]
    if lines:
        shown.append(block_kit.section("\n".join(lines)))
    return Message(text=title, blocks=[*shown, *_beside(situation, t)])


def _beside(situation: DatabaseStatus, t: Translator) -> list[Block]:
    """What the last looks have found of mTLS, and the other two ways in."""
    drift = NO_DRIFT if situation.observation is None else situation.observation.drift
    found = drifting.found(drift, situation.open, Method.MTLS, t)
    return [*found, *linking.brief(situation, t), *summary.brief(situation, t)]


def why(situation: DatabaseStatus, *, t: Translator, policy: Policy) -> Message:
    """Step by step, what stands between a person and a database, and what each ``psql`` error means."""
    title = t("why.title", app=situation.database.app, at=_seen(situation))
    others = [
        *_link_steps(situation, t, policy),
        *summary.why(situation.space, situation.mine, t, policy=policy),
    ]
    # Who asked for another way in only is not told what mTLS would need.
    own = _steps(situation, t, policy) if not others or _asked(situation, Method.MTLS) else []
    steps = [block_kit.section(step) for step in (*others, *own)]
    errors = "\n".join(f"•  {t(f'why.error.{name}')}" for name in _ERRORS)
    help = (block_kit.divider(), block_kit.section(t("why.errors")), block_kit.context(errors))
    return Message(text=title, blocks=[block_kit.section(title), *steps, *help])


def _seen(situation: DatabaseStatus) -> object:
    return situation.now if situation.observation is None else situation.observation.at


def _rule(rule: IpRule, observation: MtlsObservation, situation: DatabaseStatus, t: Translator) -> Mrkdwn:
    if rule.id not in observation.ours:
        text = cut(request_card.one_line(rule.description) or "–", TEXT)
        return t("status.rule.unmanaged", network=rule.network, status=rule.status, text=text)
    owners = [f"#{c.request.id}" for c in situation.open if c.request.terms.subject == rule.network]
    requests = ", ".join([*owners[:NAMED], *("…" for _ in owners[NAMED : NAMED + 1])]) or "–"
    return t("status.rule.ours", network=rule.network, status=rule.status, requests=requests)


def _steps(situation: DatabaseStatus, t: Translator, policy: Policy) -> list[Mrkdwn]:
    observation = situation.observation
    if observation is None:
        return [t("status.unseen")]
    if not observation.enabled:
        return [t("why.step.off", app=situation.database.app)]
    mine = _asked(situation, Method.MTLS)
    steps = [t("why.step.on")]
    steps += [_step(case, observation, t, policy) for case in mine[:5]]
    if not mine:
        steps.append(t("why.step.none", app=situation.database.app))
    return [*steps, _certificate(situation, observation, t)]


def _link_steps(situation: DatabaseStatus, t: Translator, policy: Policy) -> list[Mrkdwn]:
    """The person's own requests for PrivateLink, each held against what Heroku has."""
    return [
        linking.why(situation, case, t, state=request_card.state_line(case, t=t, policy=policy))
        for case in _asked(situation, Method.PRIVATELINK)[:5]
    ]


def _asked(situation: DatabaseStatus, method: Method) -> list[RequestDetails]:
    """What the person has asked for by one way in, and what is pending or open."""
    return [
        case
        for case in situation.mine
        if case.request.kind is Kind.OPEN and case.request.terms.method is method
    ]


def _certificate(situation: DatabaseStatus, observation: MtlsObservation, t: Translator) -> Mrkdwn:
    """How long a client certificate of the database is still good for, judged by the one that ends last.

    Where that cannot be told, the person's own file can: not read yet, or an end that nobody can read.
    """
    if situation.certificates:
        return _own_certificate(situation, t)
    usable = certificate.ready(observation.certificates)
    if observation.certificates_at is None:
        return t("why.step.certificate")
    if not usable:
        return t("why.step.certificate.none", app=situation.database.app)
    ends = [(each.expires_at, each.name) for each in usable if each.expires_at is not None]
    if len(ends) < len(usable):
        return t("why.step.certificate")
    end, name = max(ends)
    left = end - situation.now
    params = {"name": cut(request_card.one_line(name).replace("`", "'"), NAME), "until": end}
    if left <= timedelta():
        return t("why.step.certificate.expired", **params)
    if left <= certificate.SOON:
        return t("why.step.certificate.soon", left=_coarse(left), **params)
    return t("why.step.certificate.valid", days=left.days, **params)


def _own_certificate(situation: DatabaseStatus, t: Translator) -> Mrkdwn:
    """How long the person's own certificate is still good for: the one that ends last."""
    usable = [known for known in situation.certificates if known.status == certificate.READY]
    if not usable:
        return t("why.step.certificate.mine.pending", handle=situation.certificates[0].handle)
    best = max(usable, key=lambda known: known.expires_at or situation.now)
    if best.expires_at is None:
        return t("why.step.certificate")
    left = best.expires_at - situation.now
    params = {"handle": best.handle, "until": best.expires_at}
    if left <= timedelta():
        return t("why.step.certificate.mine.expired", **params)
    if left <= certificate.SOON:
        return t("why.step.certificate.mine.soon", left=_coarse(left), **params)
    return t("why.step.certificate.mine", days=left.days, **params)


def _coarse(left: timedelta) -> timedelta:
    """Whole days; of the last day, the time to the minute."""
    return timedelta(days=left.days) if left.days else left


def _step(case: RequestDetails, observation: MtlsObservation, t: Translator, policy: Policy) -> Mrkdwn:
    """One of the person's own requests, held against what Heroku has."""
    network = case.request.terms.network
    listed = next((rule for rule in observation.rules if rule.network == network), None)
    params = {"network": network, "id": case.request.id}
    if listed is None:
        state = request_card.state_line(case, t=t, policy=policy)
        return t("why.step.missing", state=state, **params)
    if listed.status != AUTHORISED:
        return t("why.step.wait", status=listed.status, **params)
    return t("why.step.rule", **params)
