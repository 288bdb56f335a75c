"""The next step on Amazon's side, as lines to copy for the console, the AWS CLI and Terraform."""

from typing import Final

from bot.domain.privatelink.observation import OPERATIONAL, PORTS, PrivateLinkObservation, aws_region
from bot.domain.target import Database
from bot.i18n.translator import Translator
from bot.ports import Block
from bot.views import block_kit
from bot.views.privatelink.card import region

PORT_LIST: Final = ", ".join(map(str, PORTS))


def next_steps(database: Database, observation: PrivateLinkObservation, t: Translator) -> list[Block]:
    """What the owner of the AWS account does next; nothing while the endpoint service is not ready."""
    if observation.status != OPERATIONAL or not observation.service:
        return []
    where = region(database.region, observation, t)
    todo = t("privatelink.next", region=where, ports=PORT_LIST)
    console = t("privatelink.next.console", service=observation.service, ports=PORT_LIST)
    name = aws_region(database.region, observation.service) or "REGION"
    cli = f"{t('privatelink.next.cli')}\n```{t.show(aws_lines(observation.service, name))}```"
    terraform = f"{t('privatelink.next.terraform')}\n```{t.show(terraform_lines(observation.service))}```"
    return [block_kit.section(f"{todo}\n{console}"), block_kit.section(cli), block_kit.section(terraform)]


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
