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


def status(situation: DatabaseStatus, words: Translator) -> Message:
    """The whole answer: status, accounts, connections, and what to do next."""
    database, look = situation.database, situation.link
    title = words("link.title", app=database.app, region=region(database.region, look, words))
    if look is None or look.status is None:
        said = words("status.unseen") if look is None else words("link.none", app=database.app)
        shown = [block_kit.section(title), block_kit.section(said), *brief(situation, words)]
        return Message(text=title, blocks=shown)
    shown = [*brief(situation, words), *next_steps(database, look, words)]
    return Message(
        text=title,
        blocks=[block_kit.section(title), *shown, block_kit.context(words("link.stays", app=database.app))],
    )


def brief(situation: DatabaseStatus, words: Translator) -> list[Block]:
    """Status, accounts, connections and what the last look has found; where there is none, only that."""
    look = situation.link
    found = drift.found(NO_DRIFT if look is None else look.drift, situation.open, _LINK, words)
    if look is None or look.status is None:
        return found
    accounts = [_account(each, look, situation.open, words) for each in look.accounts[:SHOWN]]
    connections = [_connection(each, look, words) for each in look.connections[:SHOWN]]
    return [
        block_kit.section(_status(look, words)),
        _list("link.accounts", accounts, len(look.accounts), words),
        _list("link.connections", connections, len(look.connections), words),
        *found,
    ]


def next_steps(database: Database, look: PrivateLinkObservation, words: Translator) -> list[Block]:
    """What whoever has the AWS account does next: in the console, with ``aws``, or with Terraform."""
    if look.status != OPERATIONAL or not look.service:
        return []
    where = region(database.region, look, words)
    next_, console = (
        words("link.next", region=where, ports=_PORTS),
        words("link.next.console", service=look.service, ports=_PORTS),
    )
    name = aws_region(database.region, look.service) or "REGION"
    cli = f"{words('link.next.cli')}\n```{words.show(aws_lines(look.service, name))}```"
    terraform = f"{words('link.next.terraform')}\n```{words.show(terraform_lines(look.service))}```"
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


def why(situation: DatabaseStatus, case: RequestDetails, words: Translator, *, state: Mrkdwn) -> Mrkdwn:
    """What stands between an account and a database: the first thing on the way that is not done.

    Args:
        situation: the database.
        case: one of the person's requests for PrivateLink.
        words: the reader's language.
        state: the line that says where the request stands.
    """
    look, subject = situation.link, case.request.terms.subject
    params = {"app": situation.database.app, "id": case.request.id, "state": state}
    if look is None or not isinstance(subject, Accounts):
        return words("status.unseen")
    if look.status is None or look.status in LEAVING:
        return words("link.why.none", **params)
    if look.status != OPERATIONAL:
        return words("link.why.making", status=look.status, **params)
    for arn in subject.arns:
        found = look.account(arn)
        if found is None:
            return words("link.why.missing", account=short(arn), **params)
        if found.status != "Active":
            return words("link.why.wait", account=short(arn), status=found.status, **params)
    return _beyond(situation, look, subject, words, params)


def _beyond(
    situation: DatabaseStatus,
    look: PrivateLinkObservation,
    subject: Accounts,
    words: Translator,
    params: dict[str, object],
) -> Mrkdwn:
    """The accounts may connect: is anything connected, and is its URL there?"""
    connections = [each for arn in subject.arns for each in look.connected(arn)]
    if not connections:
        where = region(situation.database.region, look, words)
        return words("link.why.unconnected", account=subject, region=where, **params)
    works = next((each for each in connections if each.works), connections[0])
    params = {**params, "endpoint": works.endpoint}
    if not works.works:
        return words("link.why.connecting", status=works.status, **params)
    name = look.url_var(works)
    if name is None:
        return words("link.why.no_url", **params)
    return words("link.why.url", name=name, ports=_PORTS, **params)


def _status(look: PrivateLinkObservation, words: Translator) -> Mrkdwn:
    if look.status in LEAVING:
        return words("link.status.leaving", status=look.status, at=look.at)
    if not look.service:
        return words("link.status.making", status=look.status, at=look.at)
    return words("link.status", status=look.status, at=look.at, service=look.service)


def _list(key: str, lines: Sequence[str], count: int, words: Translator) -> Block:
    said = list(lines) or [words(f"{key}.none")]
    if count > SHOWN:
        said.append(words("link.more", count=count - SHOWN))
    return block_kit.section("\n".join([words(key), *said]))


def _account(
    account: AllowedAccount, look: PrivateLinkObservation, open: Iterable[RequestDetails], words: Translator
) -> Mrkdwn:
    params = {"account": cut(short(account.arn).replace("`", "'"), ARN), "status": account.status}
    if account.arn not in look.ours:
        return words("link.account.foreign", **params)
    named = [f"#{case.request.id}" for case in open if _wants(case, account.arn)]
    return words("link.account.ours", requests=", ".join(named[:5]) or "–", **params)


def _wants(case: RequestDetails, arn: str) -> bool:
    subject = case.request.terms.subject
    return case.request.kind is Kind.OPEN and isinstance(subject, Accounts) and arn in subject.arns


def _connection(connection: Connection, look: PrivateLinkObservation, words: Translator) -> Mrkdwn:
    params = {
        "endpoint": connection.endpoint,
        "status": connection.status,
        "owner": cut(short(connection.owner).replace("`", "'"), ARN),
    }
    name = look.url_var(connection)
    if name is None:
        return words("link.connection", **params)
    return words("link.connection.url", name=name, **params)
