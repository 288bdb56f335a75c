"""The use cases: what people, time and downloads do. Each is one transaction."""

from bot.services.access_requests import RemovalResult, RequestOutlook
from bot.services.approvals import Vote
from bot.services.mtls.download_links import IssuedLink
from bot.services.mtls.downloads import CertificateFiles, DownloadService
from bot.services.privatelink.endpoint import CloseImpact
from bot.services.queries import LISTED
from bot.services.registry import Services, open_services
from bot.services.request_input import RequestInput

__all__ = [
    "LISTED",
    "CertificateFiles",
    "CloseImpact",
    "DownloadService",
    "IssuedLink",
    "RemovalResult",
    "RequestInput",
    "RequestOutlook",
    "Services",
    "Vote",
    "open_services",
]
