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


def facts(case: RequestDetails, subject: Accounts, words: Translator) -> list[tuple[str, str]]:
    """The accounts, in full, and Amazon's name of the region."""
    named = [f"`{cut(arn, ARN)}`" for arn in subject.arns[:NAMED]]
    if len(subject.arns) > NAMED:
        named.append(words("card.accounts.more", count=len(subject.arns) - NAMED))
    where = region(case.target.region, case.link, words)
    return [(words("card.accounts"), "\n".join(named)), (words("card.region"), where)]


def region(heroku: str, look: PrivateLinkObservation | None, words: Translator) -> Mrkdwn:
    """Amazon's name of the region that a VPC has to be in, or how to call it where that is not known."""
    name = aws_region(heroku, "" if look is None else look.service)
    return words("card.region.unknown", region=heroku) if name is None else words.show(name)


def change(case: RequestDetails, subject: Accounts, words: Translator) -> str:
    """What letting accounts in would change, as of the last look, and from where it can be used."""
    where = words("card.change.link.region", region=region(case.target.region, case.link, words))
    return " ".join([*_opening(case, set(subject.arns), words), where])


def cuts(case: RequestDetails, words: Translator) -> str:
    """Whom closing the whole would cut off, as of the last look."""
    look = case.link
    said: list[str] = [words("card.change.close", app=case.target.label)]
    if look is not None and look.accounts:
        names = [*(each.arn for each in look.accounts), *(each.endpoint for each in look.connections)]
        said.append(words("card.change.link.cuts", what=listed(names, words)))
    if case.closes:
        said.append(words("card.change.link.ends", closes=", ".join(f"#{id}" for id in case.closes[:50])))
    return " ".join(said)


def listed(names: Iterable[str], words: Translator) -> Mrkdwn:
    """Some names in one line; how many more there are where they are many."""
    every = list(names)
    line: list[str] = [
        cut(words.show(accounts([name])) if ":" in name else name, ARN) for name in every[:NAMED]
    ]
    if len(every) > NAMED:
        line.append(words("card.accounts.more", count=len(every) - NAMED))
    return Mrkdwn(", ".join(line))


def _opening(case: RequestDetails, asked: set[str], words: Translator) -> list[str]:
    look, app = case.link, case.target.label
    if look is None:
        return [words("card.change.link.unseen", app=app)]
    if look.status is None:
        return [words("card.change.link.open", app=app)]
    there = {account.arn for account in look.accounts}
    ours, foreign = asked & there & look.ours, asked & there - look.ours
    said: list[str] = []
    if asked - there:
        said.append(words("card.change.link.add", app=app, count=len(asked - there), used=len(there)))
    if ours:
        said.append(words("card.change.link.ours", accounts=listed(sorted(ours), words)))
    if foreign:
        said.append(words("card.change.link.foreign", accounts=listed(sorted(foreign), words)))
    return said
