"""What a card about PrivateLink shows beside what every card does: accounts, region, what would change."""

from collections.abc import Iterable
from typing import Final

from bot.domain.privatelink.aws_account import accounts
from bot.domain.privatelink.observation import PrivateLinkObservation, aws_region
from bot.domain.subject import Accounts
from bot.i18n.translator import Mrkdwn, Translator, cut
from bot.ports import RequestDetails

NAMED: Final = 8
"""Accounts that one field names; its text takes 2,000 characters (Slack's Block Kit reference)."""

ARN: Final = 160
"""Characters of an ARN; a user's path may have up to 512."""


def facts(case: RequestDetails, subject: Accounts, t: Translator) -> list[tuple[str, str]]:
    """The accounts, in full, and Amazon's name of the region."""
    named = [f"`{cut(arn, ARN)}`" for arn in subject.arns[:NAMED]]
    if len(subject.arns) > NAMED:
        named.append(t("card.accounts.more", count=len(subject.arns) - NAMED))
    where = region(case.target.region, case.link, t)
    return [(t("card.accounts"), "\n".join(named)), (t("card.region"), where)]


def region(heroku: str, observation: PrivateLinkObservation | None, t: Translator) -> Mrkdwn:
    """Amazon's name of the region that a VPC has to be in, or how to call it where that is not known."""
    name = aws_region(heroku, "" if observation is None else observation.service)
    return t("card.region.unknown", region=heroku) if name is None else t.show(name)


def change(case: RequestDetails, subject: Accounts, t: Translator) -> str:
    """What letting accounts in would change, as of the last look, and from where it can be used."""
    where = t("card.change.link.region", region=region(case.target.region, case.link, t))
    return " ".join([*_opening(case, set(subject.arns), t), where])


def cuts(case: RequestDetails, t: Translator) -> str:
    """Whom closing the whole would cut off, as of the last look."""
    observation = case.link
    said: list[str] = [t("card.change.close", app=case.target.label)]
    if observation is not None and observation.accounts:
        names = [
            *(each.arn for each in observation.accounts),
            *(each.endpoint for each in observation.connections),
        ]
        said.append(t("card.change.link.cuts", what=listed(names, t)))
    if case.closes:
        said.append(t("card.change.link.ends", closes=", ".join(f"#{id}" for id in case.closes[:50])))
    return " ".join(said)


def listed(names: Iterable[str], t: Translator) -> Mrkdwn:
    """Some names in one line; how many more there are where they are many."""
    every = list(names)
    line: list[str] = [cut(t.show(accounts([name])) if ":" in name else name, ARN) for name in every[:NAMED]]
    if len(every) > NAMED:
        line.append(t("card.accounts.more", count=len(every) - NAMED))
    return Mrkdwn(", ".join(line))


def _opening(case: RequestDetails, asked: set[str], t: Translator) -> list[str]:
    observation, app = case.link, case.target.label
    if observation is None:
        return [t("card.change.link.unseen", app=app)]
    if observation.status is None:
        return [t("card.change.link.open", app=app)]
    there = {account.arn for account in observation.accounts}
    ours, unmanaged = asked & there & observation.ours, asked & there - observation.ours
    said: list[str] = []
    if asked - there:
        said.append(t("card.change.link.add", app=app, count=len(asked - there), used=len(there)))
    if ours:
        said.append(t("card.change.link.ours", accounts=listed(sorted(ours), t)))
    if unmanaged:
        said.append(t("card.change.link.unmanaged", accounts=listed(sorted(unmanaged), t)))
    return said
