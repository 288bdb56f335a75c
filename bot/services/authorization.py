"""Who may act on what exists already: owners, approvers of its request, and admins."""

from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.person import Person, UserId
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction
from bot.services.context import ServiceContext
from bot.services.judgement import rule_concerning
from bot.services.lookups import request_details


async def approves(context: ServiceContext, tx: Transaction, details: RequestDetails, member: Person) -> bool:
    """Whether a member is among those who approve what a request is about; see ``approvers_of``."""
    approvers = await approvers_of(context, tx, details)
    if not approvers.isdisjoint(member.ids):
        return True
    doubtful = approvers & member.unknown_groups
    if doubtful:
        raise Refused(Refusal.GROUPS_UNKNOWN, group=UserId(min(doubtful)))
    return False


async def approvers_of(context: ServiceContext, tx: Transaction, details: RequestDetails) -> frozenset[str]:
    """Returns the people and groups who approve what a request is about.

    The rule of the request counts for as long as the policy has it; after that, the rules that concern its
    target now take its place, so that what is open never lacks somebody who may close it.
    """
    rule = context.policy.rule_named(details.request.rule)
    if rule is None:
        try:
            rule = await rule_concerning(tx, context.policy, details.target, details.request.terms.method)
        except Refused as refused:
            # That nobody can be known to approve is another answer than that this person may not.
            if refused.reason is Refusal.POLICY_UNREADABLE:
                raise
            return frozenset()
    return rule.approvers


async def require_owner_or_approver(
    context: ServiceContext, tx: Transaction, request: int, *, owner: str, person: str, closes: bool = False
) -> None:
    """Refuses everybody but the owner of what a request led to, and the request's approvers.

    Args:
        context: reads who they are.
        tx: of the use case.
        request: the request's number.
        owner: Slack id of the owner.
        person: Slack id of who acts.
        closes: what they do opens nothing: the last that was known of them is enough.
    """
    member = await (context.closing_member if closes else context.member)(tx, person)
    details = await request_details(tx, request)
    if owner != person and not await approves(context, tx, details, member):
        raise Refused(Refusal.NOT_YOURS, id=request)


async def require_certificate_access(
    context: ServiceContext, tx: Transaction, certificate: KnownCertificate, member: Person
) -> None:
    """Refuses everybody but a certificate's owner, its request's approvers, and admins."""
    if member.id == certificate.owner or context.policy.is_admin(member.ids):
        return
    if certificate.request is not None:
        details = await request_details(tx, certificate.request)
        if await approves(context, tx, details, member):
            return
    raise Refused(Refusal.NOT_YOURS, id=certificate.handle)
