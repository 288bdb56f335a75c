"""A database's IP rules and client certificates, and what keeps a person from connecting through mTLS."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bot.domain.drift import NO_DRIFT
from bot.domain.grant import GrantState
from bot.domain.method import MTLS_RULE_LIMIT, Method
from bot.domain.mtls import certificate
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.reach import Extent, least, reach_of
from bot.i18n.translator import Mrkdwn, Translator, cut, join
from bot.ports import Block, DatabaseStatus, RequestDetails
from bot.views import block_kit, drift, reach
from bot.views.findings import rows
from bot.views.method_view import KEEPING, StateLine, asking_for, keeping
from bot.views.mtls.notifications import connection_line
from bot.views.text import NOTHING, numbers, one_line

METHOD: Final = Method.MTLS

SHOWN: Final = 25
"""Rules that one status shows."""

NAMED: Final = 5
"""Requests that are named beside one rule, or explained to their requester."""

TEXT: Final = 40
"""Characters of an unmanaged rule's description."""


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
    return [block_kit.section(used), *_rules(observation, status, t), *drifted]


def steps(
    status: DatabaseStatus, requests: Sequence[RequestDetails], t: Translator, state: StateLine
) -> list[Mrkdwn]:
    """Each of a person's requests compared with Heroku's rules, and how long a certificate is still valid."""
    observation, app = status.observation, status.database.label
    if observation is None:
        return [t("status.unseen")]
    if not observation.enabled:
        return [t("why.step.off", app=app)]
    shown = [_step(details, status, observation, t, state) for details in requests[:NAMED]]
    return [
        t("why.step.on"),
        *(shown or [t("why.step.none", app=app)]),
        certificate_step(status, observation, t),
        *_connect(status, requests, t),
    ]


def _connect(status: DatabaseStatus, requests: Sequence[RequestDetails], t: Translator) -> list[Mrkdwn]:
    """The command as it is now, where something is in force: one that was sent may be older."""
    grants = (details.grant for details in requests)
    if not any(grant is not None and grant.state is GrantState.IN_FORCE for grant in grants):
        return []
    return [Mrkdwn(f"{t('why.step.connect')}\n```{t.show(connection_line(status.database))}```")]


def _rules(observation: MtlsObservation, status: DatabaseStatus, t: Translator) -> list[Block]:
    if not observation.rules:
        return []
    rules = [_rule(rule, observation, status, t) for rule in observation.rules]
    shown = join(
        rules,
        more=lambda count: t("status.more", count=count),
        most=SHOWN,
        limit=block_kit.SECTION_TEXT,
        by="\n",
    )
    return [block_kit.section(shown), *rows.choice(status.database, METHOD, status.unmanaged, t)]


def _rule(rule: IpRule, observation: MtlsObservation, status: DatabaseStatus, t: Translator) -> Mrkdwn:
    if rule.id not in observation.ours:
        text = cut(one_line(rule.description) or NOTHING, TEXT)
        row = t("status.rule.unmanaged", network=t.named(rule.network), status=rule.status, text=text)
        return Mrkdwn(f"{row}{rows.remark(status.unmanaged, METHOD, rule.id, status.now, t)}")
    owners = numbers(keeping(asking_for(METHOD, status.open), str(rule.network)))
    requests = t.names(owners, most=NAMED) or NOTHING
    return t("status.rule.ours", network=t.named(rule.network), status=rule.status, requests=requests)


def _step(
    details: RequestDetails,
    status: DatabaseStatus,
    observation: MtlsObservation,
    t: Translator,
    state: StateLine,
) -> Mrkdwn:
    """Whether the address of a request is allowed now, and by what: by the request itself, or by others.

    Of several addresses it is about the one that lacks the most.
    """
    subject = details.request.terms.subject
    reached = least(reach_of(subject, method=METHOD, observation=observation, nearby=status.nearby))
    network = subject if reached.extent is Extent.WHOLE else reached.address
    params: dict[str, object] = {"network": network, "id": details.request.id}
    own = [each for each in reached.entries if each.exact and _keeps(details)]
    if any(each.active for each in own):
        return t("why.step.rule", **params)
    active = [each for each in reach.entries([reached]) if each.active]
    if active:
        key = "why.step.other" if reached.extent is Extent.WHOLE else "why.step.part"
        return t(key, by=reach.by(active, status.nearby.space, t), state=state(details), **params)
    # Heroku lists an IP rule minutes before it allows traffic.
    if own:
        return t("why.step.wait", status=own[0].status, **params)
    said = t("why.step.missing" if reached.clear else "why.step.unknown", state=state(details), **params)
    if not reached.maybe:
        return said
    maybe = t("why.step.maybe", network=network, by=reach.by(reached.maybe, status.nearby.space, t))
    return Mrkdwn(f"{said}\n{maybe}")


def _keeps(details: RequestDetails) -> bool:
    """Whether an entry of its address may be a request's own: one that is undecided or over has none."""
    return details.grant is not None and details.grant.state in KEEPING


def certificate_step(status: DatabaseStatus, observation: MtlsObservation, t: Translator) -> Mrkdwn:
    """How long the person's own client certificate is still valid; those of others are never theirs.

    Where the person has none that pgaccess knows of, they are told how to read the end of one that was made
    elsewhere from its file.
    """
    if status.certificates:
        return _own_certificate(status, t)
    if observation.certificates_at is None:
        return t("why.step.certificate")
    if not certificate.ready(observation.certificates):
        return t("why.step.certificate.none", app=status.database.label)
    return t("why.step.certificate.unowned", app=status.database.label)


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
