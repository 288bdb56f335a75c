"""How it stands with a database's PrivateLink, and the next step on Amazon's side, as lines to copy."""

from collections.abc import Iterable, Sequence
from typing import Final

from bot.domain.drift import NO_DRIFT
from bot.domain.method import Method
from bot.domain.privatelink.aws_account import short
from bot.domain.privatelink.observation import (
    LEAVING,
    OPERATIONAL,
    PORTS,
    AllowedAccount,
    Connection,
    PrivateLinkObservation,
    aws_region,
)
from bot.domain.request import Kind
from bot.domain.subject import Accounts
from bot.domain.target import Database
from bot.i18n.translator import Mrkdwn, Translator, cut
from bot.ports import Block, DatabaseStatus, Message, RequestDetails
from bot.views import block_kit, drift
from bot.views.privatelink.card import ARN, region

SHOWN: Final = 10
"""Accounts and connections that one answer shows: its text stays below Slack's limit for a section."""

_LINK: Final = Method.PRIVATELINK

_PORTS: Final = ", ".join(map(str, PORTS))


def status(situation: DatabaseStatus, t: Translator) -> Message:
    """The whole answer: status, accounts, connections, and what to do next."""
    database, observation = situation.database, situation.link
    title = t("link.title", app=database.app, region=region(database.region, observation, t))
    if observation is None or observation.status is None:
        said = t("status.unseen") if observation is None else t("link.none", app=database.app)
        shown = [block_kit.section(title), block_kit.section(said), *brief(situation, t)]
        return Message(text=title, blocks=shown)
    shown = [*brief(situation, t), *next_steps(database, observation, t)]
    return Message(
        text=title,
        blocks=[block_kit.section(title), *shown, block_kit.context(t("link.stays", app=database.app))],
    )


def brief(situation: DatabaseStatus, t: Translator) -> list[Block]:
    """Status, accounts, connections and what the last look has found; where there is none, only that."""
    observation = situation.link
    found = drift.found(NO_DRIFT if observation is None else observation.drift, situation.open, _LINK, t)
    if observation is None or observation.status is None:
        return found
    accounts = [_account(each, observation, situation.open, t) for each in observation.accounts[:SHOWN]]
    connections = [_connection(each, observation, t) for each in observation.connections[:SHOWN]]
    return [
        block_kit.section(_status(observation, t)),
        _list("link.accounts", accounts, len(observation.accounts), t),
        _list("link.connections", connections, len(observation.connections), t),
        *found,
    ]


def next_steps(database: Database, observation: PrivateLinkObservation, t: Translator) -> list[Block]:
    """What whoever has the AWS account does next: in the console, with ``aws``, or with Terraform."""
    if observation.status != OPERATIONAL or not observation.service:
        return []
    where = region(database.region, observation, t)
    next_, console = (
        t("link.next", region=where, ports=_PORTS),
        t("link.next.console", service=observation.service, ports=_PORTS),
    )
    name = aws_region(database.region, observation.service) or "REGION"
    cli = f"{t('link.next.cli')}\n```{t.show(aws_lines(observation.service, name))}```"
    terraform = f"{t('link.next.terraform')}\n```{t.show(terraform_lines(observation.service))}```"
    return [block_kit.section(f"{next_}\n{console}"), block_kit.section(cli), block_kit.section(terraform)]


def aws_lines(service: str, region: str) -> str:
    """The official ``aws`` command's lines; words in capitals are for the reader to fill in."""
    return (
        f"aws ec2 create-vpc-endpoint --region {region} --vpc-endpoint-type Interface \\\n"
        f"  --service-name {service} \\\n"
        "  --vpc-id VPC_ID --subnet-ids SUBNET_ID --security-group-ids SECURITY_GROUP_ID\n"
        f"aws ec2 authorize-security-group-ingress --region {region} \\\n"
        f"  --group-id SECURITY_GROUP_ID --protocol tcp --port {PORTS[0]}-{PORTS[-1]} --cidr VPC_CIDR"
    )


def terraform_lines(service: str) -> str:
    """The same as Terraform resources (provider hashicorp/aws)."""
    return (
        'resource "aws_vpc_endpoint" "heroku_postgres" {\n'
        '  vpc_endpoint_type  = "Interface"\n'
        f'  service_name       = "{service}"\n'
        "  vpc_id             = var.vpc_id\n"
        "  subnet_ids         = var.subnet_ids\n"
        "  security_group_ids = [aws_security_group.heroku_postgres.id]\n"
        "}\n"
        'resource "aws_security_group" "heroku_postgres" {\n'
        "  vpc_id = var.vpc_id\n"
        "  ingress {\n"
        f"    from_port   = {PORTS[0]}\n"
        f"    to_port     = {PORTS[-1]}\n"
        '    protocol    = "tcp"\n'
        "    cidr_blocks = [var.vpc_cidr]\n"
        "  }\n"
        "}"
    )


def why(situation: DatabaseStatus, case: RequestDetails, t: Translator, *, state: Mrkdwn) -> Mrkdwn:
    """What stands between an account and a database: the first thing on the way that is not done.

    Args:
        situation: the database.
        case: one of the person's requests for PrivateLink.
        words: the reader's language.
        state: the line that says where the request stands.
    """
    observation, subject = situation.link, case.request.terms.subject
    params = {"app": situation.database.app, "id": case.request.id, "state": state}
    if observation is None or not isinstance(subject, Accounts):
        return t("status.unseen")
    if observation.status is None or observation.status in LEAVING:
        return t("link.why.none", **params)
    if observation.status != OPERATIONAL:
        return t("link.why.making", status=observation.status, **params)
    for arn in subject.arns:
        found = observation.account(arn)
        if found is None:
            return t("link.why.missing", account=short(arn), **params)
        if found.status != "Active":
            return t("link.why.wait", account=short(arn), status=found.status, **params)
    return _beyond(situation, observation, subject, t, params)


def _beyond(
    situation: DatabaseStatus,
    observation: PrivateLinkObservation,
    subject: Accounts,
    t: Translator,
    params: dict[str, object],
) -> Mrkdwn:
    """The accounts may connect: is anything connected, and is its URL there?"""
    connections = [each for arn in subject.arns for each in observation.connected(arn)]
    if not connections:
        where = region(situation.database.region, observation, t)
        return t("link.why.unconnected", account=subject, region=where, **params)
    works = next((each for each in connections if each.works), connections[0])
    params = {**params, "endpoint": works.endpoint}
    if not works.works:
        return t("link.why.connecting", status=works.status, **params)
    name = observation.url_var(works)
    if name is None:
        return t("link.why.no_url", **params)
    return t("link.why.url", name=name, ports=_PORTS, **params)


def _status(observation: PrivateLinkObservation, t: Translator) -> Mrkdwn:
    if observation.status in LEAVING:
        return t("link.status.leaving", status=observation.status, at=observation.at)
    if not observation.service:
        return t("link.status.making", status=observation.status, at=observation.at)
    return t("link.status", status=observation.status, at=observation.at, service=observation.service)


def _list(key: str, lines: Sequence[str], count: int, t: Translator) -> Block:
    said = list(lines) or [t(f"{key}.none")]
    if count > SHOWN:
        said.append(t("link.more", count=count - SHOWN))
    return block_kit.section("\n".join([t(key), *said]))


def _account(
    account: AllowedAccount,
    observation: PrivateLinkObservation,
    open: Iterable[RequestDetails],
    t: Translator,
) -> Mrkdwn:
    params = {"account": cut(short(account.arn).replace("`", "'"), ARN), "status": account.status}
    if account.arn not in observation.ours:
        return t("link.account.unmanaged", **params)
    named = [f"#{case.request.id}" for case in open if _wants(case, account.arn)]
    return t("link.account.ours", requests=", ".join(named[:5]) or "–", **params)


def _wants(case: RequestDetails, arn: str) -> bool:
    subject = case.request.terms.subject
    return case.request.kind is Kind.OPEN and isinstance(subject, Accounts) and arn in subject.arns


def _connection(connection: Connection, observation: PrivateLinkObservation, t: Translator) -> Mrkdwn:
    params = {
        "endpoint": connection.endpoint,
        "status": connection.status,
        "owner": cut(short(connection.owner).replace("`", "'"), ARN),
    }
    name = observation.url_var(connection)
    if name is None:
        return t("link.connection", **params)
    return t("link.connection.url", name=name, **params)
