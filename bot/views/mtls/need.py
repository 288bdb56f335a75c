"""What the owner of an mTLS grant still needs besides an allowed address: a client certificate."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.method import Method
from bot.domain.mtls.reach import CertificateStanding, certificate_standing
from bot.domain.reach import Need, Standing, needs
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import RequestDetails

_LACKING: Final[Mapping[CertificateStanding, str]] = {
    CertificateStanding.MISSING: "reach.need.certificate.missing",
    CertificateStanding.PENDING: "reach.need.certificate.pending",
    CertificateStanding.EXPIRED: "reach.need.certificate.expired",
}


def certificate(details: RequestDetails, t: Translator) -> Sequence[Mrkdwn]:
    """Says that a requester has no usable certificate, and what to do; nothing where that is not known."""
    rules, own = details.rules, details.nearby.certificates
    if rules is None:
        return []
    # By Postgres' clock, as the list of certificates: a message does not know business time.
    found = needs(details.reach, method=Method.MTLS, certificates=own, observation=rules, now=rules.at)
    if found[Need.CERTIFICATE] is not Standing.LACKING:
        return []
    key = _LACKING[certificate_standing(own, rules, now=rules.at)]
    return [t(key, app=details.target.label, at=rules.at)]
