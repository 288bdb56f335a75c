"""What is shown of a space's trusted ranges: on cards, as status, and as the text of Heroku's ticket."""

from collections.abc import Mapping
from typing import Final

from bot.domain.method import Method
from bot.domain.network import address_count, is_documentation
from bot.domain.observation import ruleset_observation
from bot.domain.subject import Network
from bot.domain.trusted_ips.ruleset import LIMIT, RulesetObservation, RulesetRule, Services
from bot.i18n.translator import Mrkdwn, Translator, cut, escape
from bot.ports import Block, Message, OutboxMessage, RequestDetails, SpaceStatus
from bot.views import action_ids, block_kit, drift

CONNECT: Final = 'psql "$(heroku config:get DATABASE_URL -a YOUR-APP)"'
"""How one connects from a trusted range: with the database's own URL, and nothing else."""

REASON: Final = 1500
"""Escaped characters of a reason in the ticket's text: the whole stays below what a section takes."""

WIDE: Final = 16
"""Heroku calls ranges as wide as this generally unsafe (Dev Center, "Trusted IP Ranges", 2026-03)."""


def change(case: RequestDetails, network: Network, t: Translator) -> str:
    """What approving would change for the whole space, as of the last look, and what would be better."""
    observation, space = ruleset_observation(case.observation), case.target.label
    said: list[str] = [t("card.change.trusted.space", space=space)]
    if observation is None:
        said.append(t("card.change.trusted.unseen"))
    else:
        said += _place(observation, network, t)
    if network.prefixlen <= WIDE:
        said.append(t("card.change.trusted.wide", count=f"{address_count(network):,}"))
    said.append(t("card.change.trusted.better"))
    if is_documentation(network):
        said.append(t("card.documentation"))
    return " ".join(said)


def _place(observation: RulesetObservation, network: Network, t: Translator) -> list[str]:
    covering = observation.covering(network)
    exact = any(rule.network == network for rule in covering)
    if exact and str(network) in observation.ours:
        return [t("card.change.trusted.ours", network=network)]
    if exact:
        return [t("card.change.trusted.unmanaged")]
    said: list[str] = [t("card.change.trusted.add", used=len(observation.ruleset.rules), limit=LIMIT)]
    if observation.open_to_all:
        said.append(t("card.change.trusted.all"))
    elif covering:
        said.append(t("card.change.covered", cover=covering[0].source))
    return said


def status(situation: SpaceStatus, t: Translator, *, refreshed: bool = False) -> Message:
    """The ranges of a space: ours with their requests, and those that others wrote.

    Args:
        situation: what the last look saw.
        words: the reader's language.
        afresh: drawn once more from a new look; without it, one is on its way.
    """
    space, observation = situation.space, situation.observation
    title = t("trusted.title", space=space.name, region=space.region)
    if observation is None:
        return Message(text=title, blocks=[block_kit.section(title), block_kit.section(t("status.unseen"))])
    key = "trusted.used.afresh" if refreshed else "trusted.used"
    used = t(key, used=len(observation.ruleset.rules), limit=LIMIT, at=observation.at)
    lines = [_line(rule, observation, situation, t) for rule in observation.ruleset.rules]
    said = [t(f"trusted.services.{situation.services}")]
    if observation.ruleset.applied is False:
        said.append(t("trusted.unapplied", by=observation.ruleset.by or "–"))
    if observation.open_to_all:
        said.append(t("card.change.trusted.all"))
    shown = [block_kit.section(title), block_kit.section(used), block_kit.section("\n".join(lines) or "–")]
    shown += drift.found(observation.drift, situation.open, Method.TRUSTED, t)
    return Message(text=title, blocks=[*shown, block_kit.context(" ".join(said))])


def _line(
    rule: RulesetRule, observation: RulesetObservation, situation: SpaceStatus, t: Translator
) -> Mrkdwn:
    source = cut(rule.source.replace("`", "'"), 60)
    if rule.action != "allow":
        return t("trusted.line.other", action=cut(rule.action, 20), source=source)
    if rule.source not in observation.ours:
        return t("trusted.line.unmanaged", source=source)
    owners = [f"#{c.request.id}" for c in situation.open if str(c.request.terms.subject) == rule.source]
    return t("trusted.line.ours", source=source, requests=", ".join(owners[:5]) or "–")


def ticket(post: OutboxMessage, case: RequestDetails, t: Translator, *, admins: Mrkdwn) -> Message:
    """In the card's thread: what to ask of Heroku's support, ready to be copied; then what came of it.

    Args:
        post: whose ``state`` is there once an admin has answered.
        case: the request that was the first to need it.
        words: the channel's language.
        admins: who may answer, mentioned.
    """
    said = t("notification.ticket", id=case.request.id, space=case.target.label)
    shown = [block_kit.section(said), block_kit.section(f"```{_ticket_text(case)}```")]
    state = post.params.get("state")
    if state is not None:
        shown.append(block_kit.context(t(f"trusted.services.{state}")))
        return Message(text=said, blocks=shown)
    how = t("notification.ticket.how", id=case.request.id, space=case.target.label, admins=admins)
    return Message(text=said, blocks=[*shown, block_kit.section(how), *_answers(case, t)])


def in_force(t: Translator, params: Mapping[str, object], made: list[Block]) -> Message:
    """The range is let in; which database is meant is for the reader to fill in."""
    said, connect = (
        t("notification.in_force.trusted", **params),
        t("notification.in_force.trusted.connect"),
    )
    line = f"{connect}\n```{t.show(CONNECT)}```"
    return Message(text=said, blocks=[block_kit.section(said), block_kit.section(line), *made])


def ended(case: RequestDetails, t: Translator, network: Network, params: Mapping[str, object]) -> Message:
    """The range is taken out; unless somebody else's entry, or another grant, still lets it in."""
    observation = ruleset_observation(case.observation)
    shared = observation is not None and any(rule.network == network for rule in observation.ruleset.rules)
    said = t("notification.ended.shared" if shared else "notification.ended", **params)
    return Message(text=said, blocks=[block_kit.section(said)])


def _ticket_text(case: RequestDetails) -> str:
    """In English, whatever the channel's language: Heroku's support reads it. Escaped, and never too long."""
    reason = cut(" ".join(case.request.terms.reason.split()).replace("`", "'"), REASON)
    return (
        f"Please enable trusted IP ranges for data services in the Private Space {escape(case.target.label)} "
        f"({escape(case.target.region)}).\n\n"
        f"Ranges: {case.request.terms.subject}\n"
        f"Reason: {reason or 'a tool outside Heroku has to connect directly'}\n"
        "mTLS will not do because the client cannot present a client certificate; PrivateLink will not do "
        "because the client is not in an Amazon VPC of the same region."
    )


def _answers(case: RequestDetails, t: Translator) -> list[Block]:
    value = action_ids.button_value(case.request.id, case.request.version)
    return [
        block_kit.actions(
            block_kit.button(
                t("button.support_done"), action=action_ids.SUPPORT_DONE, value=value, style="primary"
            ),
            block_kit.button(t("button.support_web"), action=action_ids.SUPPORT_WEB, value=value),
        )
    ]


def settled(case: RequestDetails, t: Translator, *, web_only: bool) -> Message:
    """To the admin: it is recorded, and what waited goes on."""
    state = Services.WEB_ONLY if web_only else Services.CONFIRMED
    said = t(f"done.support.{state}", space=case.target.label)
    return Message(text=said, blocks=[block_kit.section(said)])
