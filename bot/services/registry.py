"""The object graph of the services: who holds whom, and which access methods there are."""

from dataclasses import dataclass

from bot.domain.policy.rules import Policy
from bot.ports import Clock, Store
from bot.services.access_method import AccessMethod
from bot.services.access_requests import AccessRequestService
from bot.services.advice import AdviceService
from bot.services.approvals import ApprovalService
from bot.services.context import ServiceContext
from bot.services.deadlines import DeadlineService
from bot.services.extensions import ExtensionService
from bot.services.findings import FindingService
from bot.services.grants import GrantService
from bot.services.members import MemberService
from bot.services.mtls.address_checks import AddressCheckService
from bot.services.mtls.certificate_expiry import CertificateExpiryService
from bot.services.mtls.certificate_rotation import CertificateRotationService
from bot.services.mtls.certificates import CertificateService
from bot.services.mtls.compromises import CompromiseService
from bot.services.mtls.download_links import DownloadLinkService
from bot.services.mtls.endpoint import MtlsEndpointService
from bot.services.mtls.entries import MtlsRequests
from bot.services.mtls.expiry_reminders import ExpiryReminderService
from bot.services.privatelink.endpoint import PrivateLinkEndpointService
from bot.services.privatelink.entries import PrivateLinkRequests
from bot.services.queries import QueryService
from bot.services.records import RecordService
from bot.services.reopening import ReopeningService
from bot.services.repetitions import RepetitionService
from bot.services.reports.audit_heads import AuditHeadService
from bot.services.reports.closings import ClosingService
from bot.services.reports.lost_channels import LostChannelService
from bot.services.retention import RetentionService
from bot.services.reviews.access_reviews import AccessReviewService
from bot.services.reviews.entitlements import EntitlementService
from bot.services.reviews.leavers import LeaverService
from bot.services.reviews.orphaned_certificates import OrphanedCertificateService
from bot.services.reviews.pending import PendingReviewService
from bot.services.reviews.personal_access import PersonalAccessService
from bot.services.targets.departures import DepartureService
from bot.services.targets.replacements import ReplacementService
from bot.services.trusted_ips.entries import TrustedIpsRequests
from bot.services.trusted_ips.support_tickets import SupportTicketService
from bot.services.who import WhoService


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """All services of one process; handlers and loops take what they use.

    Attributes:
        policy: the rules that every decision follows.
        members: who may use the bot.
        access_requests: submit, adopt, remove and cancel, for every access method.
        extensions: more time for a grant.
        approvals: votes on requests.
        findings: what is decided about entries that pgaccess does not manage.
        grants: end, revoke, retry, abandon.
        closings: tells whoever ended something when it is closed.
        reopenings: opening again what somebody closed.
        repetitions: what to fill a form in with that asks for the same again.
        pending_review: pending requests, judged again while people and the policy change.
        replacements: which database the policy means, after one has replaced another.
        queries: everything that only reads.
        advice: which access method to use.
        deadlines: what is due by business time.
        lost_channels: who is told directly while a channel takes no messages.
        mtls: enable and disable mTLS.
        certificates: client certificates.
        certificate_rotation: rotations, and those under way.
        certificate_expiry: answers to reminders.
        expiry_reminders: reminders and the weekly summary.
        compromises: revokes certificates whose files somebody else has.
        download_links: links to a certificate's files.
        address_checks: links to request access from a browser's address.
        privatelink: close an endpoint.
        support_tickets: what Heroku's support answered for trusted IP ranges.
        departures: ends what is open at targets that Heroku no longer has.
        leavers: ends what people hold who have left.
        orphaned_certificates: certificates whose owner has left.
        personal_access: everything of one person.
        entitlements: the weekly review of what the policy would refuse now.
        retention: deletes what the policy no longer wants kept.
        access_reviews: the quarterly review of what is permanent or lasts long.
        who: who could reach a target at a moment.
        records: what has ended, and what is recorded of a person or an address.
        audit_heads: posts the newest digest of the audit trail once a day.
    """

    policy: Policy
    members: MemberService
    access_requests: AccessRequestService
    extensions: ExtensionService
    approvals: ApprovalService
    findings: FindingService
    grants: GrantService
    closings: ClosingService
    reopenings: ReopeningService
    repetitions: RepetitionService
    pending_review: PendingReviewService
    replacements: ReplacementService
    queries: QueryService
    advice: AdviceService
    deadlines: DeadlineService
    lost_channels: LostChannelService
    mtls: MtlsEndpointService
    certificates: CertificateService
    certificate_rotation: CertificateRotationService
    certificate_expiry: CertificateExpiryService
    expiry_reminders: ExpiryReminderService
    compromises: CompromiseService
    download_links: DownloadLinkService
    address_checks: AddressCheckService
    privatelink: PrivateLinkEndpointService
    support_tickets: SupportTicketService
    departures: DepartureService
    leavers: LeaverService
    orphaned_certificates: OrphanedCertificateService
    personal_access: PersonalAccessService
    entitlements: EntitlementService
    access_reviews: AccessReviewService
    retention: RetentionService
    who: WhoService
    records: RecordService
    audit_heads: AuditHeadService


def open_services(*, store: Store, policy: Policy, clock: Clock) -> Services:
    """Builds every service.

    Args:
        store: the source of truth.
        policy: the rules that every decision follows.
        clock: business time.
    """
    context = ServiceContext(store=store, policy=policy, clock=clock)
    access_methods: tuple[AccessMethod, ...] = (
        MtlsRequests(policy),
        PrivateLinkRequests(policy),
        TrustedIpsRequests(policy),
    )
    methods = {each.method: each for each in access_methods}
    extensions = ExtensionService(context)
    expiry_reminders = ExpiryReminderService(context)
    approvals = ApprovalService(context, methods=methods, extensions=extensions)
    grants = GrantService(context)
    access_requests = AccessRequestService(context, methods=methods)
    return Services(
        policy=policy,
        members=MemberService(context),
        access_requests=access_requests,
        extensions=extensions,
        approvals=approvals,
        findings=FindingService(context, methods=methods),
        grants=grants,
        closings=ClosingService(context),
        reopenings=ReopeningService(context, approvals=approvals),
        repetitions=RepetitionService(context),
        pending_review=PendingReviewService(context),
        replacements=ReplacementService(context),
        queries=QueryService(context),
        advice=AdviceService(context),
        deadlines=DeadlineService(context, expiry_reminders=expiry_reminders),
        lost_channels=LostChannelService(context),
        audit_heads=AuditHeadService(context),
        mtls=MtlsEndpointService(context),
        certificates=CertificateService(context),
        certificate_rotation=CertificateRotationService(context),
        certificate_expiry=CertificateExpiryService(context),
        expiry_reminders=expiry_reminders,
        compromises=CompromiseService(context),
        download_links=DownloadLinkService(context),
        address_checks=AddressCheckService(context, access_requests=access_requests),
        privatelink=PrivateLinkEndpointService(context),
        support_tickets=SupportTicketService(context),
        departures=DepartureService(context),
        leavers=LeaverService(context),
        orphaned_certificates=OrphanedCertificateService(context),
        personal_access=PersonalAccessService(context),
        entitlements=EntitlementService(context, grants=grants),
        access_reviews=AccessReviewService(context, approvals=approvals),
        retention=RetentionService(context),
        who=WhoService(context),
        records=RecordService(context),
    )
