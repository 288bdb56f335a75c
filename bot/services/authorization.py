"""Who may act on what exists already: owners, approvers of its request, and admins."""

from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.person import Person
from bot.domain.policy.rules import Policy
from bot.domain.request import Request
from bot.errors import Refusal, Refused
from bot.ports import Transaction
from bot.services.context import ServiceContext
from bot.services.lookups import request_details


def approves(policy: Policy, request: Request, member: Person) -> bool:
    """Whether a member is an approver under the policy rule of a request; not if that rule is gone."""
    # Under the rule of the request only: a newer rule was not in force when it was submitted.
    rule = policy.rule_named(request.rule)
    return rule is not None and not rule.approvers.isdisjoint(member.ids)


async def require_owner_or_approver(
    context: ServiceContext, tx: Transaction, request: int, *, owner: str, person: str
) -> None:
    """Refuses everybody but the owner of what a request led to, and the request's approvers."""
    member = await context.member(tx, person)
    details = await request_details(tx, request)
    if owner != person and not approves(context.policy, details.request, member):
        raise Refused(Refusal.NOT_YOURS, id=request)


async def require_certificate_access(
    context: ServiceContext, tx: Transaction, certificate: KnownCertificate, member: Person
) -> None:
    """Refuses everybody but a certificate's owner, its request's approvers, and admins."""
    if member.id == certificate.owner or context.policy.is_admin(member.ids):
        return
    if certificate.request is not None:
        details = await request_details(tx, certificate.request)
        if approves(context.policy, details.request, member):
            return
    raise Refused(Refusal.NOT_YOURS, id=certificate.handle)
