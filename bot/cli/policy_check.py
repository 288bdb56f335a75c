"""``pgaccess policy check``: a valid policy beside what the store knows of Heroku and Slack."""

from collections.abc import Iterator, Mapping

from sqlalchemy.exc import SQLAlchemyError

from bot.cli.answer import Answer
from bot.cli.stored import Stored, read_store
from bot.domain.policy.rules import Policy
from bot.policy.coverage import target_findings
from bot.policy.deciders import group_findings, rule_findings
from bot.policy.finding import Finding
from bot.policy.simulation import summary


async def check(policy: Policy, environ: Mapping[str, str]) -> Answer:
    """Return the summary of a valid policy, and what the store tells of it.

    Args:
        policy: Valid by itself.
        environ: With ``DATABASE_URL`` what is known of Heroku and Slack is looked at as well.
    """
    url = environ.get("DATABASE_URL", "").strip()
    if not url:
        return Answer(lines=[summary(policy), "DATABASE_URL is not set, so only the file was checked"])
    try:
        stored = await read_store(url)
    except SQLAlchemyError:
        # Its message repeats the URL, in which there is a password.
        return Answer(lines=[summary(policy), "the store cannot be read, so only the file was checked"])
    found = list(_findings(policy, stored))
    lines = [f"{'!!' if each.wrong else '  '} {each.sentence}" for each in found]
    return Answer(lines=[summary(policy), *lines], wrong=any(each.wrong for each in found))


def _findings(policy: Policy, stored: Stored) -> Iterator[Finding]:
    if stored.databases or stored.spaces:
        yield from target_findings(policy, stored.databases, stored.spaces)
    else:
        yield Finding(sentence="nothing at Heroku was read yet: the worker does that", wrong=False)
    if not stored.people.persons:
        yield Finding(sentence="nobody in Slack was read yet: the worker does that", wrong=False)
        return
    people = stored.people_of(policy)
    yield from group_findings(people.groups)
    yield from rule_findings(policy, people)
