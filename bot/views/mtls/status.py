"""A database's IP rules and client certificates, and what keeps a person from connecting through mTLS."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from bot.domain.drift import NO_DRIFT
from bot.domain.grant import GrantState
from bot.domain.method import AUTHORISED, MTLS_RULE_LIMIT, Method
from bot.domain.mtls import certificate
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.i18n.translator import Mrkdwn, Translator, cut, join
from bot.ports import Block, DatabaseStatus, RequestDetails
from bot.views import block_kit, drift
from bot.views.method_view import StateLine, asking_for
from bot.views.mtls.notifications import connection_line
from bot.views.text import NOTHING, as_code, numbers, one_line

METHOD: Final = Method.MTLS

SHOWN: Final = 25
"""Rules that one status shows."""

NAMED: Final = 5
"""Requests that are named beside one rule, or explained to their requester."""

TEXT: Final = 40
"""Characters of an unmanaged rule's description."""

NAME: Final = 80
"""Characters of a certificate's name, which is a host name of Heroku's choice."""


def section(status: DatabaseStatus, t: Translator, refreshed: bool) -> list[Block]:
    """The rules, ours with their requests, and the drift that the last observation has found.

    Args:
        status: the database.
        t: the reader's language.
        refreshed: the observation was made for this answer; without it, one is under way.
    """
    observation = status.observation
    observed = NO_DRIFT if observation is None else observation.drift
    drifted = drift.paragraph(observed, asking_for(METHOD, status.open), t)
    if observation is None or not observation.enabled:
        missing = t("status.unseen" if observation is None else "status.off")
        return [block_kit.section(missing), *drifted]
    key = "status.rules.refreshed" if refreshed else "status.rules"
    used = t(key, used=len(observation.rules), limit=MTLS_RULE_LIMIT, at=observation.at)
    return [block_kit.section(used), *_rules(observation, status.open, t), *drifted]


def steps(
    status: DatabaseStatus, requests: Sequence[RequestDetails], t: Translator, state: StateLine
) -> list[Mrkdwn]:
    """Each of a person's requests compared with Heroku's rules, and how long a certificate is still valid."""
    observation, app = status.observation, status.database.label
    if observation is None:
        return [t("status.unseen")]
    if not observation.enabled:
        return [t("why.step.off", app=app)]
    shown = [_step(details, observation, t, state) for details in requests[:NAMED]]
    return [
        t("why.step.on"),
        *(shown or [t("why.step.none", app=app)]),
        _certificate(status, observation, t),
        *_connect(status, requests, t),
    ]


def _connect(status: DatabaseStatus, requests: Sequence[RequestDetails], t: Translator) -> list[Mrkdwn]:
    """The command as it is now, where something is in force: one that was sent may be older."""
    grants = (details.grant for details in requests)
    if not any(grant is not None and grant.state is GrantState.IN_FORCE for grant in grants):
        return []
    return [Mrkdwn(f"{t('why.step.connect')}\n```{t.show(connection_line(status.database))}```")]


def _rules(observation: MtlsObservation, open: Iterable[RequestDetails], t: Translator) -> list[Block]:
    if not observation.rules:
        return []
    rules = [_rule(rule, observation, open, t) for rule in observation.rules]
    shown = join(
        rules,
        more=lambda count: t("status.more", count=count),
        most=SHOWN,
        limit=block_kit.SECTION_TEXT,
        by="\n",
    )
    return [block_kit.section(shown)]


def _rule(
    rule: IpRule, observation: MtlsObservation, open: Iterable[RequestDetails], t: Translator
) -> Mrkdwn:
    if rule.id not in observation.ours:
        text = cut(one_line(rule.description) or NOTHING, TEXT)
        return t("status.rule.unmanaged", network=rule.network, status=rule.status, text=text)
    owners = numbers(details.request.id for details in open if details.request.terms.subject == rule.network)
    requests = t.names(owners, most=NAMED) or NOTHING
    return t("status.rule.ours", network=rule.network, status=rule.status, requests=requests)


def _step(details: RequestDetails, observation: MtlsObservation, t: Translator, state: StateLine) -> Mrkdwn:
    network = details.request.terms.network
    listed = next((rule for rule in observation.rules if rule.network == network), None)
    params = {"network": network, "id": details.request.id}
    if listed is None:
        return t("why.step.missing", state=state(details), **params)
    # Heroku lists an IP rule minutes before it allows traffic.
    if listed.status != AUTHORISED:
        return t("why.step.wait", status=listed.status, **params)
    return t("why.step.rule", **params)


def _certificate(status: DatabaseStatus, observation: MtlsObservation, t: Translator) -> Mrkdwn:
    """How long a client certificate of the database is still valid, judged by the one that expires last.

    Where that is not known, the person is told how to read it from their own file.
    """
    if status.certificates:
        return _own_certificate(status, t)
    usable = certificate.ready(observation.certificates)
    if observation.certificates_at is None:
        return t("why.step.certificate")
    if not usable:
        return t("why.step.certificate.none", app=status.database.label)
    ends = [(each.expires_at, each.name) for each in usable if each.expires_at is not None]
    # One without a known end may be the one that lasts longest.
    if len(ends) < len(usable):
        return t("why.step.certificate")
    end, name = max(ends)
    left = end - status.now
    params = {"name": as_code(name, NAME), "until": end}
    if left <= timedelta():
        return t("why.step.certificate.expired", **params)
    if left <= certificate.SOON:
        return t("why.step.certificate.soon", left=_coarse(left), **params)
    return t("why.step.certificate.valid", days=left.days, **params)


def _own_certificate(status: DatabaseStatus, t: Translator) -> Mrkdwn:
    """How long the person's own certificate is still valid: the one that expires last."""
    usable = [known for known in status.certificates if known.status == certificate.READY]
    if not usable:
        return t("why.step.certificate.mine.pending", handle=status.certificates[0].handle)
    best = max(usable, key=lambda known: known.expires_at or status.now)
    if best.expires_at is None:
        return t("why.step.certificate")
    left = best.expires_at - status.now
    params = {"handle": best.handle, "until": best.expires_at}
    if left <= timedelta():
        return t("why.step.certificate.mine.expired", **params)
    if left <= certificate.SOON:
        return t("why.step.certificate.mine.soon", left=_coarse(left), **params)
    return t("why.step.certificate.mine", days=left.days, **params)


def _coarse(left: timedelta) -> timedelta:
    """Whole days; of the last day, the time to the minute."""
    return timedelta(days=left.days) if left.days else left
