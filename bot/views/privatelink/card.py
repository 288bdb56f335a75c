"""A card about PrivateLink: the accounts, the region, and what approving would change."""

from collections.abc import Iterable
from typing import Final

from bot.domain.privatelink.aws_account import accounts
from bot.domain.privatelink.observation import PrivateLinkObservation, aws_region
from bot.domain.request import Kind
from bot.domain.subject import Accounts
from bot.i18n.translator import Mrkdwn, Translator, cut
from bot.ports import RequestDetails
from bot.views import block_kit, reach
from bot.views.method_view import operation_impact
from bot.views.text import numbers

NAMED: Final = 8
"""Accounts and endpoints that one field or line names."""

CLOSED: Final = 50
"""Requests that are named as ending."""

ARN: Final = 160
"""Characters of an ARN; a user's path may have up to 512."""


def facts(details: RequestDetails, t: Translator) -> list[tuple[str, str]]:
    """The accounts, in full, and Amazon's name of the region."""
    subject = details.request.terms.subject
    if not isinstance(subject, Accounts):
        return []
    # Whole, whatever their number: a request with more than fit here was refused.
    named = Mrkdwn("\n".join(f"`{arn}`" for arn in subject.arns))
    where = region(details.target.region, details.link, t)
    return [(t("card.accounts"), named), (t("card.region"), where)]


def region(heroku: str, observation: PrivateLinkObservation | None, t: Translator) -> Mrkdwn:
    """Amazon's name of the region that a VPC has to be in, or Heroku's where that is not known."""
    name = aws_region(heroku, "" if observation is None else observation.service)
    return t("card.region.unknown", region=heroku) if name is None else t.show(name)


def impact(details: RequestDetails, t: Translator) -> str:
    """What approving would change, as of the last observation."""
    subject = details.request.terms.subject
    if details.request.kind is Kind.CLOSE:
        return _closing(details, t)
    if details.request.kind is Kind.REMOVE_UNMANAGED:
        return " ".join([operation_impact(details, t), *reach.stays_removed(details, t)])
    if details.request.kind is not Kind.OPEN or not isinstance(subject, Accounts):
        return operation_impact(details, t)
    where = t("card.change.privatelink.region", region=region(details.target.region, details.link, t))
    return " ".join([*_opening(details, set(subject.arns), t), *reach.covering(details, t), where])


def names(every: Iterable[str], t: Translator) -> Mrkdwn:
    """Accounts and endpoints in one line; of many, some and how many more there are."""
    # An ARN has colons, the id of an endpoint has none.
    shown = [cut(t.show(accounts([name])) if ":" in name else name, ARN) for name in every]
    # The rest is for the name of the field, or the sentence around.
    return t.names(shown, most=NAMED, limit=block_kit.FIELD_TEXT - 200)


def _closing(details: RequestDetails, t: Translator) -> str:
    """Who would lose access if PrivateLink as a whole was closed."""
    observation = details.link
    parts: list[str] = [t("card.change.close", app=details.target.label)]
    if observation is not None and observation.accounts:
        affected = [
            *(each.arn for each in observation.accounts),
            *(each.endpoint for each in observation.connections),
        ]
        parts.append(t("card.change.privatelink.cuts", what=names(affected, t)))
    if details.closes:
        parts.append(t("card.change.privatelink.ends", closes=t.names(numbers(details.closes), most=CLOSED)))
    return " ".join(parts)


def _opening(details: RequestDetails, asked: set[str], t: Translator) -> list[str]:
    observation, app = details.link, details.target.label
    if observation is None:
        return [t("card.change.privatelink.unseen", app=app)]
    if observation.status is None:
        return [t("card.change.privatelink.open", app=app)]
    present = {account.arn for account in observation.accounts}
    ours, unmanaged = asked & present & observation.ours, asked & present - observation.ours
    parts: list[str] = []
    if asked - present:
        parts.append(t("card.change.privatelink.add", app=app, count=len(asked - present), used=len(present)))
    if ours:
        parts.append(t("card.change.privatelink.ours", accounts=names(sorted(ours), t)))
    if unmanaged:
        parts.append(t("card.change.privatelink.unmanaged", accounts=names(sorted(unmanaged), t)))
    return parts
