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


def change(case: RequestDetails, network: Network, words: Translator) -> str:
    """What approving would change for the whole space, as of the last look, and what would be better."""
    look, space = ruleset_observation(case.look), case.target.label
    said: list[str] = [words("card.change.trusted.space", space=space)]
    if look is None:
        said.append(words("card.change.trusted.unseen"))
    else:
        said += _place(look, network, words)
    if network.prefixlen <= WIDE:
        said.append(words("card.change.trusted.wide", count=f"{address_count(network):,}"))
    said.append(words("card.change.trusted.better"))
    if is_documentation(network):
        said.append(words("card.documentation"))
    return " ".join(said)


def _place(look: RulesetObservation, network: Network, words: Translator) -> list[str]:
    covering = look.covering(network)
    exact = any(rule.network == network for rule in covering)
    if exact and str(network) in look.ours:
        return [words("card.change.trusted.ours", network=network)]
    if exact:
        return [words("card.change.trusted.foreign")]
    said: list[str] = [words("card.change.trusted.add", used=len(look.ruleset.rules), limit=LIMIT)]
    if look.open_to_all:
        said.append(words("card.change.trusted.all"))
    elif covering:
        said.append(words("card.change.covered", cover=covering[0].source))
    return said


def status(situation: SpaceStatus, words: Translator, *, afresh: bool = False) -> Message:
    """The ranges of a space: ours with their requests, and those that others wrote.

    Args:
        situation: what the last look saw.
        words: the reader's language.
        afresh: drawn once more from a new look; without it, one is on its way.
    """
    space, look = situation.space, situation.look
    title = words("trusted.title", space=space.name, region=space.region)
    if look is None:
        return Message(
            text=title, blocks=[block_kit.section(title), block_kit.section(words("status.unseen"))]
        )
    key = "trusted.used.afresh" if afresh else "trusted.used"
    used = words(key, used=len(look.ruleset.rules), limit=LIMIT, at=look.at)
    lines = [_line(rule, look, situation, words) for rule in look.ruleset.rules]
    said = [words(f"trusted.services.{situation.services}")]
    if look.ruleset.applied is False:
        said.append(words("trusted.unapplied", by=look.ruleset.by or "–"))
    if look.open_to_all:
        said.append(words("card.change.trusted.all"))
    shown = [block_kit.section(title), block_kit.section(used), block_kit.section("\n".join(lines) or "–")]
    shown += drift.found(look.drift, situation.open, Method.TRUSTED, words)
    return Message(text=title, blocks=[*shown, block_kit.context(" ".join(said))])


def _line(rule: RulesetRule, look: RulesetObservation, situation: SpaceStatus, words: Translator) -> Mrkdwn:
    source = cut(rule.source.replace("`", "'"), 60)
    if rule.action != "allow":
        return words("trusted.line.other", action=cut(rule.action, 20), source=source)
    if rule.source not in look.ours:
        return words("trusted.line.foreign", source=source)
    owners = [f"#{c.request.id}" for c in situation.open if str(c.request.terms.subject) == rule.source]
    return words("trusted.line.ours", source=source, requests=", ".join(owners[:5]) or "–")


def ticket(post: OutboxMessage, case: RequestDetails, words: Translator, *, admins: Mrkdwn) -> Message:
    """In the card's thread: what to ask of Heroku's support, ready to be copied; then what came of it.

    Args:
        post: whose ``state`` is there once an admin has answered.
        case: the request that was the first to need it.
        words: the channel's language.
        admins: who may answer, mentioned.
    """
    said = words("notice.ticket", id=case.request.id, space=case.target.label)
    shown = [block_kit.section(said), block_kit.section(f"```{_ticket_text(case)}```")]
    state = post.params.get("state")
    if state is not None:
        shown.append(block_kit.context(words(f"trusted.services.{state}")))
        return Message(text=said, blocks=shown)
    how = words("notice.ticket.how", id=case.request.id, space=case.target.label, admins=admins)
    return Message(text=said, blocks=[*shown, block_kit.section(how), *_answers(case, words)])


def in_force(words: Translator, params: Mapping[str, object], made: list[Block]) -> Message:
    """The range is let in; which database is meant is for the reader to fill in."""
    said, connect = words("notice.in_force.trusted", **params), words("notice.in_force.trusted.connect")
    line = f"{connect}\n```{words.show(CONNECT)}```"
    return Message(text=said, blocks=[block_kit.section(said), block_kit.section(line), *made])


def ended(case: RequestDetails, words: Translator, network: Network, params: Mapping[str, object]) -> Message:
    """The range is taken out; unless somebody else's entry, or another grant, still lets it in."""
    look = ruleset_observation(case.look)
    shared = look is not None and any(rule.network == network for rule in look.ruleset.rules)
    said = words("notice.ended.shared" if shared else "notice.ended", **params)
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


def _answers(case: RequestDetails, words: Translator) -> list[Block]:
    value = action_ids.button_value(case.request.id, case.request.version)
    return [
        block_kit.actions(
            block_kit.button(
                words("button.support_done"), action=action_ids.SUPPORT_DONE, value=value, style="primary"
            ),
            block_kit.button(words("button.support_web"), action=action_ids.SUPPORT_WEB, value=value),
        )
    ]


def settled(case: RequestDetails, words: Translator, *, web_only: bool) -> Message:
    """To the admin: it is recorded, and what waited goes on."""
    state = Services.WEB_ONLY if web_only else Services.CONFIRMED
    said = words(f"done.support.{state}", space=case.target.label)
    return Message(text=said, blocks=[block_kit.section(said)])
