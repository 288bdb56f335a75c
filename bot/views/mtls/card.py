"""A card about mTLS: an IP rule, a client certificate, or the endpoint as a whole."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.method import MTLS_RULE_LIMIT
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.certificate import SHOWN_OF_ID, Certificate, KnownCertificate, ready
from bot.domain.mtls.issuance import issuance_progress
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.subject import Network
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, RequestDetails
from bot.views import action_ids, block_kit, reach
from bot.views.method_view import documentation_note, network_facts, operation_impact
from bot.views.text import as_code, numbers, one_line

PURPOSE: Final = 200
"""Characters of what a certificate is for."""

NAME: Final = 80
"""Characters of a certificate's name, which is a host name of Heroku's choice."""

CLOSED: Final = 50
"""Requests that are named as ending."""

OFFERED: Final = 8
"""Certificates that a person may be asked to choose from: each takes two blocks of a card."""

DESCRIBED: Final = 2
"""Rules of one network that a card describes; how many more there are, it says."""

TEXT: Final = 120
"""Characters of an unmanaged rule's description."""


def facts(details: RequestDetails, t: Translator) -> list[tuple[str, str]]:
    """How many addresses the network has; of a certificate, whose it is, until when, and what for."""
    network = network_facts(details.request.terms.subject, t)
    known = details.certificate
    if known is None:
        return network
    until = known.expires_at or t("card.until.unknown")
    if known.owner is None:
        unmanaged = t("card.certificate.unmanaged", handle=known.handle, until=until)
        return [*network, (t("card.certificate"), unmanaged)]
    ours = t("card.certificate.ours", handle=known.handle, owner=mention(known.owner), until=until)
    return [*network, (t("card.certificate"), ours), (t("card.certificate.purpose"), purpose(known, t))]


def purpose(known: KnownCertificate, t: Translator) -> Mrkdwn:
    """What a certificate is for, or that its purpose was not given."""
    return as_code(known.purpose, PURPOSE) if known.purpose else t("certificate_list.purpose.none")


def impact(details: RequestDetails, t: Translator) -> str:
    """What approving would change at Heroku, as of the last observation."""
    kind = details.request.kind
    if kind is Kind.OPEN:
        return " ".join(_opening(details, t))
    parts = [operation_impact(details, t)]
    if kind is Kind.DISABLE:
        parts += _disabling(details, t)
    if kind is Kind.DISCARD and _is_last(details):
        parts.append(t("card.change.discard.last", app=details.target.label))
    if kind is Kind.REMOVE_UNMANAGED:
        parts += reach.stays_removed(details, t)
    return " ".join([*parts, *_unmanaged(details, t)])


def candidates(details: RequestDetails, t: Translator) -> list[Block]:
    """The certificates that a person has to choose from, each with its button; none in any other case."""
    certificates = _candidates(details)
    if not certificates:
        return []
    shown: list[Block] = [block_kit.section(t("certificate_choice.ask", id=details.request.id))]
    for number, each in enumerate(certificates[:OFFERED]):
        shown += [block_kit.section(_candidate(each, t)), _pick(details, each.id, number, t)]
    return shown


def _opening(details: RequestDetails, t: Translator) -> list[Mrkdwn]:
    networks, observation, app = details.request.terms.networks, details.rules, details.database.label
    parts = [t("card.change.enables", app=app)] if details.request.terms.enables_mtls else []
    if observation is None:
        parts.append(t("card.change.unseen", app=app))
    else:
        parts += _effect(details, observation, t)
    return parts + documentation_note(networks, t)


def _effect(details: RequestDetails, observation: MtlsObservation, t: Translator) -> list[Mrkdwn]:
    networks, app, used = details.request.terms.networks, details.database.label, len(observation.rules)
    if len(networks) > 1:
        # What allows each of them already, the list of them says.
        new = set(networks) - {rule.network for rule in observation.rules}
        used += len(new)
        return [t("card.change.add.several", app=app, count=len(new), used=used, limit=MTLS_RULE_LIMIT)]
    (network,) = networks
    exact = [rule for rule in observation.rules if rule.network == network]
    covered = reach.covering(details, t)
    # As the plan does it: an owned rule serves before an unmanaged one of the same network.
    if any(rule.id in observation.ours for rule in exact):
        return [t("card.change.ours", network=network), *covered]
    if exact:
        return [t("card.change.unmanaged"), *covered]
    return [t("card.change.add", app=app, used=used, limit=MTLS_RULE_LIMIT), *covered]


def _unmanaged(details: RequestDetails, t: Translator) -> list[Mrkdwn]:
    """What Heroku says of the unmanaged rules that a request is about."""
    network, kind = details.request.terms.subject, details.request.kind
    if kind not in unmanaged_rules.KINDS or not isinstance(network, Network):
        return []
    rules = unmanaged_rules.meant(kind, details.rules, network)
    parts = [
        t("card.change.rule", status=rule.status, text=cut(one_line(rule.description), TEXT))
        if rule.description.strip()
        else t("card.change.rule.bare", status=rule.status)
        for rule in rules[:DESCRIBED]
    ]
    if len(rules) > DESCRIBED:
        parts.append(t("card.change.rule.more", count=len(rules) - DESCRIBED))
    return parts


def _disabling(details: RequestDetails, t: Translator) -> list[Mrkdwn]:
    parts, observation = [], details.rules
    if details.closes:
        closes = t.names(numbers(details.closes), most=CLOSED)
        parts.append(t("card.change.disable.requests", closes=closes))
    rules = 0 if observation is None else sum(rule.id not in observation.ours for rule in observation.rules)
    if observation is not None and (rules or observation.certificates):
        count = len(ready(observation.certificates))
        parts.append(t("card.change.disable.others", rules=rules, certificates=count))
    return parts


def _is_last(details: RequestDetails) -> bool:
    """Whether pgaccess allows some networks, and this is the last certificate to connect with."""
    if details.certificate is None or details.rules is None or not details.rules.ours:
        return False
    return {each.id for each in ready(details.rules.certificates)} == {details.certificate.id}


def _candidates(details: RequestDetails) -> Sequence[Certificate]:
    operation = details.operation
    # Only mTLS operations wait for a choice: the observation of another method has no certificates.
    if operation is None or not _waits_for_choice(operation) or details.rules is None:
        return ()
    ids = issuance_progress(operation).candidates
    # Those that were observed last: what has gone since cannot be chosen.
    return [each for each in details.rules.certificates if each.id in ids]


def _waits_for_choice(operation: Operation) -> bool:
    return operation.state is OperationState.FAILED and operation.reason_code is ReasonCode.SEVERAL


def _candidate(each: Certificate, t: Translator) -> Mrkdwn:
    until = each.expires_at or t("card.until.unknown")
    handle, name = each.id.hex[:SHOWN_OF_ID], as_code(each.name, NAME)
    return t("certificate_choice.one", handle=handle, name=name, until=until)


def _pick(details: RequestDetails, certificate: UUID, number: int, t: Translator) -> Block:
    value = action_ids.pick_value(details.request.id, certificate, nonce=details.request.nonce)
    return block_kit.actions(
        block_kit.button(t("button.pick"), action=f"{action_ids.PICK}.{number}", value=value)
    )
