"""What every access method has to show: the interface of `bot.views.methods`, and what its views share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.network import address_count, is_documentation
from bot.domain.policy.rules import Policy
from bot.domain.reach import Extent, Reach
from bot.domain.request import Kind
from bot.domain.subject import Network, Networks, Subject, is_network, names_of, networks_of
from bot.i18n.translator import Mrkdwn, Translator, join
from bot.ports import Block, DatabaseStatus, Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import block_kit, reach

Params = Mapping[str, object]
"""Values of the placeholders of a notification about a grant."""

KEEPING: Final = frozenset((GrantState.APPLYING, GrantState.IN_FORCE, GrantState.ENDING))
"""States of a grant in which an entry at Heroku may be its own."""

NAMED: Final = 3
"""Networks that a note about some of several names."""

StateLine = Callable[[RequestDetails], Mrkdwn]
"""Returns the line that says where a request stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """One outbox message about a request that is to be rendered.

    Attributes:
        message: of the outbox.
        details: its request as recorded now.
        t: the reader's language.
        policy: in force now.
        approvers: those who may decide, mentioned.
        admins: the admins, mentioned; where the policy names none, the approvers.
        state: returns the line that says where the request stands.
    """

    message: OutboxMessage
    details: RequestDetails
    t: Translator
    policy: Policy
    approvers: Mrkdwn
    admins: Mrkdwn
    state: Callable[[], Mrkdwn]


Renderer = Callable[[Rendering], Message]


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpTopic:
    """Help about one method, all of it as keys of the catalogs.

    Attributes:
        name: what is typed behind ``help``.
        paragraphs: its lines.
        examples: two commands that fit.
        note: stands below, in grey.
    """

    name: str
    paragraphs: Sequence[Sequence[str]]
    examples: tuple[str, str]
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MethodView:
    """What one access method shows in the messages and forms that all methods share.

    Attributes:
        method: the one that it is for.
        facts: what a card says besides the target and the duration, as names and values.
        impact: what approving would change at Heroku, as of the last observation.
        in_force: that a grant is in force and how to connect; buttons are added to it.
        ended: that a grant has ended, where more than entries may be left of it; None where it cannot.
        status: the method's part of a database's status; True when its observation was just refreshed.
        steps: what keeps the requester of some requests from connecting, by `bot.views.diagnosis`.
        subject_field: the field in which an approver may narrow the request; with its hint.
        error_fields: fields that refusals are about, by the first word of the refusal's code.
        help: the help topic.
        renderers: of the kinds of message that only this method has.
        interrupted: that a grant was partly closed outside pgaccess, or None if it was not only partly; None
            where that cannot be.
        requester_steps: what the requester's copy of the card shows besides, while something is to be done.
        form_button: the ``action_id`` that leads from advice to the method's form; None where there is none.
    """

    method: Method
    facts: Callable[[RequestDetails, Translator], list[tuple[str, str]]]
    impact: Callable[[RequestDetails, Translator], str]
    in_force: Callable[[RequestDetails, Params, Translator], Message]
    status: Callable[[DatabaseStatus, Translator, bool], list[Block]]
    steps: Callable[[DatabaseStatus, Sequence[RequestDetails], Translator, StateLine], list[Mrkdwn]]
    subject_field: Callable[[Subject, Translator, str], Block]
    help: HelpTopic
    error_fields: Mapping[str, str] = field(default_factory=dict)
    renderers: Mapping[MessageKind, Renderer] = field(default_factory=dict)
    ended: Callable[[RequestDetails, Grant, Params, Translator], Mrkdwn] | None = None
    interrupted: Callable[[RequestDetails, Grant, Params, Translator], Mrkdwn | None] | None = None
    requester_steps: Callable[[RequestDetails, Translator], list[Block]] = lambda _details, _t: []
    form_button: str | None = None


def asking_for(method: Method, requests: Iterable[RequestDetails]) -> list[RequestDetails]:
    """Those of some requests that ask for access by a method."""
    return [
        details
        for details in requests
        if details.request.kind is Kind.OPEN and details.request.terms.method is method
    ]


def keeping(requests: Iterable[RequestDetails], entry: str) -> list[int]:
    """Returns which of some requests for access have a grant that keeps an entry; a pending one has none."""
    return [
        details.request.id
        for details in requests
        if details.grant is not None
        and details.grant.state in KEEPING
        and entry in names_of(details.grant.subject)
    ]


def operation_impact(details: RequestDetails, t: Translator) -> Mrkdwn:
    """What approving a one-time operation would do."""
    return t(f"card.change.{details.request.kind}", app=details.target.label)


def network_facts(subject: Subject, t: Translator) -> list[tuple[str, str]]:
    """How many addresses networks have; nothing about any other subject."""
    if not is_network(subject):
        return []
    networks = networks_of(subject)
    count = sum(map(address_count, networks))
    if len(networks) > 1:
        # Single addresses are what they look like; a range is more than its spelling shows.
        key = "card.width.several" if count == len(networks) else "card.width.several.wide"
        return [(t("card.width"), t(key, networks=len(networks), count=f"{count:,}"))]
    width = t("card.width.one") if count == 1 else t("card.width.many", count=f"{count:,}")
    return [(t("card.width"), width)]


def documentation_note(networks: Sequence[Network], t: Translator) -> list[Mrkdwn]:
    """That no traffic comes from ranges for documentation; nothing where there are none."""
    reserved = [network for network in networks if is_documentation(network)]
    if not reserved:
        return []
    if len(networks) == 1:
        return [t("card.documentation")]
    return [t("card.documentation.several", networks=t.names(reserved, most=NAMED))]


def network_list(details: RequestDetails, t: Translator) -> list[Block]:
    """Each network of a request for several, with what allows it already; nothing for any other request."""
    if not isinstance(details.request.terms.subject, Networks):
        return []
    lines = [_listed(reached, details, t) for reached in details.reach]
    shown = join(
        lines,
        more=lambda count: t("names.more", count=count),
        most=len(lines),
        limit=block_kit.SECTION_TEXT,
        by="\n",
    )
    return [block_kit.section(shown)]


def _listed(reached: Reach, details: RequestDetails, t: Translator) -> Mrkdwn:
    network = reached.address
    active = [entry for entry in reached.entries if entry.active]
    if not active:
        return t("card.network.new", network=network)
    key = "card.network.allowed" if reached.extent is Extent.WHOLE else "card.network.part"
    return t(key, network=network, by=reach.by(active, details.nearby.space, t, most=1))
