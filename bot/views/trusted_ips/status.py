"""The status of a space: its trusted ranges."""

from typing import Final

from bot.domain.networks.named import name_of
from bot.domain.trusted_ips.ruleset import LIMIT, RulesetObservation, RulesetRule
from bot.i18n.translator import Mrkdwn, Translator, cut, escape, join
from bot.ports import Message, SpaceStatus
from bot.views import block_kit, drift
from bot.views.findings import rows
from bot.views.method_view import asking_for, keeping
from bot.views.text import NOTHING, as_code, numbers
from bot.views.trusted_ips.summary import METHOD, NAMED, SOURCE

SHOWN: Final = 40
"""Ranges that one status shows: Heroku allows 20, and lists may be longer from before."""

ACTION: Final = 20
"""Characters of a rule's action; Heroku documents ``allow`` only."""


def status(status: SpaceStatus, t: Translator, *, refreshed: bool = False) -> Message:
    """The ranges of a space: ours with their requests, and those that are not managed by pgaccess.

    Args:
        status: what the last observation saw.
        t: the reader's language.
        refreshed: it was made for this answer; without it, one is under way.
    """
    space, observation = status.space, status.observation
    title = t("trusted.title", space=space.name, region=space.region)
    if not space.takes_ranges:
        # Heroku shows a list there too, which its databases do not follow.
        return block_kit.paragraphs(title, t("trusted.shield" if space.shield else "trusted.fir"))
    if observation is None:
        return block_kit.paragraphs(title, t("status.unseen"))
    key = "trusted.used.refreshed" if refreshed else "trusted.used"
    used = t(key, used=len(observation.ruleset.rules), limit=LIMIT, at=observation.at)
    lines = join(
        (_line(rule, observation, status, t) for rule in observation.ruleset.rules),
        more=lambda count: t("status.more", count=count),
        most=SHOWN,
        limit=block_kit.SECTION_TEXT,
        by="\n",
    )
    remarks = [t(f"trusted.services.{status.services}")]
    # None means that Heroku did not say: only a definite answer is told.
    if observation.ruleset.applied is False:
        remarks.append(t("trusted.unapplied", by=observation.ruleset.by or NOTHING))
    if observation.open_to_all:
        remarks.append(t("card.change.trusted.all"))
    shown = [block_kit.section(text) for text in (title, used, lines)]
    shown += drift.paragraph(observation.drift, asking_for(METHOD, status.open), t)
    shown += rows.choice(space, METHOD, status.unmanaged, t)
    return block_kit.message(title, [*shown, block_kit.context(" ".join(remarks))])


def _line(rule: RulesetRule, observation: RulesetObservation, status: SpaceStatus, t: Translator) -> Mrkdwn:
    source = as_code(rule.source, SOURCE)
    name = None if rule.network is None else name_of(t.networks, rule.network)
    if name is not None:
        source = Mrkdwn(f"{source} ({escape(name)})")
    if rule.action != "allow":
        return t("trusted.line.other", action=cut(rule.action, ACTION), source=source)
    # Compared as texts, as Heroku has them: a source that others wrote need not be a network.
    if rule.source not in observation.ours:
        row = t("trusted.line.unmanaged", source=source)
        return Mrkdwn(f"{row}{rows.remark(status.unmanaged, METHOD, rule.source, status.now, t)}")
    owners = numbers(keeping(asking_for(METHOD, status.open), rule.source))
    return t("trusted.line.ours", source=source, requests=t.names(owners, most=NAMED) or NOTHING)
