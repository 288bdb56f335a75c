"""The status of a database's PrivateLink, and what keeps a person from connecting through it."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from bot.domain.drift import NO_DRIFT
from bot.domain.method import Method
from bot.domain.privatelink.aws_account import short
from bot.domain.privatelink.observation import (
    LEAVING,
    OPERATIONAL,
    AllowedAccount,
    Connection,
    PrivateLinkObservation,
)
from bot.domain.reach import Extent, reach_of
from bot.domain.subject import Accounts, Subject
from bot.i18n.translator import Mrkdwn, Translator, join
from bot.ports import Block, DatabaseStatus, Message, RequestDetails
from bot.views import block_kit, drift, reach
from bot.views.findings import rows
from bot.views.method_view import KEEPING, StateLine, asking_for, keeping
from bot.views.privatelink.card import ARN, region
from bot.views.privatelink.next_steps import PORT_LIST, next_steps
from bot.views.privatelink.notifications import still_allowed
from bot.views.text import NOTHING, as_code, numbers

METHOD: Final = Method.PRIVATELINK

SHOWN: Final = 10
"""Accounts and connections that one answer shows."""

NAMED: Final = 5
"""Requests that are named beside one account, or explained to their requester."""


def status(status: DatabaseStatus, t: Translator) -> Message:
    """The whole answer: status, accounts, connections, and what to do next."""
    database, observation = status.database, status.link
    title = t("privatelink.title", app=database.label, region=region(database.region, observation, t))
    if observation is None or observation.status is None:
        missing = t("status.unseen") if observation is None else t("privatelink.none", app=database.label)
        shown = [block_kit.section(title), block_kit.section(missing), *section(status, t)]
        return block_kit.message(title, shown)
    return block_kit.message(
        title,
        [
            block_kit.section(title),
            *section(status, t),
            *next_steps(database, observation, t),
            block_kit.context(t("privatelink.stays", app=database.label)),
        ],
    )


def section(status: DatabaseStatus, t: Translator) -> list[Block]:
    """Status, accounts, connections and drift as last observed; without PrivateLink, the drift only."""
    observation = status.link
    observed = NO_DRIFT if observation is None else observation.drift
    drifted = drift.paragraph(
        observed, asking_for(METHOD, status.open), t, entries=partial(_missing, observation), name=short
    )
    if observation is None or observation.status is None:
        return drifted
    accounts = [_account(each, observation, status, t) for each in observation.accounts]
    connections = [_connection(each, observation, t) for each in observation.connections]
    return [
        block_kit.section(_state(observation, t)),
        _list("privatelink.accounts", accounts, t),
        *rows.choice(status.database, METHOD, status.unmanaged, t),
        _list("privatelink.connections", connections, t),
        *drifted,
    ]


def steps(
    status: DatabaseStatus, requests: Sequence[RequestDetails], t: Translator, state: StateLine
) -> list[Mrkdwn]:
    """For each of a person's requests, the first thing on the way to a connection that is missing."""
    return [_step(status, details, t, state) for details in requests[:NAMED]]


def _step(status: DatabaseStatus, details: RequestDetails, t: Translator, state: StateLine) -> Mrkdwn:
    observation, subject = status.link, details.request.terms.subject
    params: dict[str, object] = {
        "app": status.database.label,
        "id": details.request.id,
        "state": state(details),
    }
    if observation is None or not isinstance(subject, Accounts):
        return t("status.unseen")
    # Heroku goes on answering with an endpoint that was destroyed, until it is not found.
    if observation.status is None or observation.status in LEAVING:
        return t("privatelink.why.none", **params)
    if observation.status != OPERATIONAL:
        return t("privatelink.why.making", status=observation.status, **params)
    reaches = reach_of(subject, method=METHOD, observation=observation, nearby=status.nearby)
    for each in reaches:
        account = short(str(each.address))
        if each.extent is Extent.UNKNOWN:
            return t("privatelink.why.unknown", account=account, **params)
        # That some users of an account are allowed does not allow the account.
        if each.extent is Extent.PART or not each.entries:
            return t("privatelink.why.missing", account=account, **params)
        if each.extent is not Extent.WHOLE:
            return t("privatelink.why.wait", account=account, status=each.entries[0].status, **params)
    connecting = _connecting(status, observation, subject, t, params)
    if details.grant is not None and details.grant.state in KEEPING:
        return connecting
    active = [entry for entry in reach.entries(reaches) if entry.active]
    named = reach.by(active, status.nearby.space, t)
    return Mrkdwn(f"{t('privatelink.why.other', account=subject, by=named, **params)}\n{connecting}")


def _connecting(
    status: DatabaseStatus,
    observation: PrivateLinkObservation,
    subject: Accounts,
    t: Translator,
    params: dict[str, object],
) -> Mrkdwn:
    """The accounts are allowed: is anything connected, and is its URL there?"""
    connections = [each for arn in subject.arns for each in observation.connected(arn)]
    if not connections:
        where = region(status.database.region, observation, t)
        return t("privatelink.why.unconnected", account=subject, region=where, **params)
    # One that works is enough to connect.
    best = next((each for each in connections if each.works), connections[0])
    params = {**params, "endpoint": best.endpoint}
    if not best.works:
        return t("privatelink.why.connecting", status=best.status, **params)
    name = observation.url_var(best)
    if name is None:
        return t("privatelink.why.no_url", **params)
    return t("privatelink.why.url", name=name, ports=PORT_LIST, **params)


def _state(observation: PrivateLinkObservation, t: Translator) -> Mrkdwn:
    if observation.status in LEAVING:
        return t("privatelink.status.leaving", status=observation.status, at=observation.at)
    if not observation.service:
        return t("privatelink.status.making", status=observation.status, at=observation.at)
    return t("privatelink.status", status=observation.status, at=observation.at, service=observation.service)


def _list(key: str, lines: Sequence[str], t: Translator) -> Block:
    shown = join(
        lines or [t(f"{key}.none")],
        more=lambda count: t("privatelink.more", count=count),
        most=SHOWN,
        # The rest is for the title above the lines.
        limit=block_kit.SECTION_TEXT - 100,
        by="\n",
    )
    return block_kit.section(f"{t(key)}\n{shown}")


def _account(
    account: AllowedAccount,
    observation: PrivateLinkObservation,
    status: DatabaseStatus,
    t: Translator,
) -> Mrkdwn:
    params = {"account": as_code(short(account.arn), ARN), "status": account.status}
    if account.arn not in observation.ours:
        row = t("privatelink.account.unmanaged", **params)
        return Mrkdwn(f"{row}{rows.remark(status.unmanaged, METHOD, account.arn, status.now, t)}")
    requests = numbers(keeping(asking_for(METHOD, status.open), account.arn))
    return t("privatelink.account.ours", requests=t.names(requests, most=NAMED) or NOTHING, **params)


def _missing(observation: PrivateLinkObservation | None, subject: Subject) -> list[str]:
    """The accounts of an interrupted grant that are gone: others of the same request may still be allowed."""
    left = still_allowed(observation, subject)
    return [arn for arn in _entries(subject) if arn not in left]


def _entries(subject: Subject) -> tuple[str, ...]:
    return subject.arns if isinstance(subject, Accounts) else ()


def _connection(connection: Connection, observation: PrivateLinkObservation, t: Translator) -> Mrkdwn:
    params = {
        "endpoint": connection.endpoint,
        "status": connection.status,
        "owner": as_code(short(connection.owner), ARN),
    }
    name = observation.url_var(connection)
    if name is None:
        return t("privatelink.connection", **params)
    return t("privatelink.connection.url", name=name, **params)
