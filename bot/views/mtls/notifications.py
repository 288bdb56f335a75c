"""What is said once of certificates: ready, gone, or several of which one has to be chosen."""

from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.i18n.translator import Translator
from bot.ports import Block, Message, RequestDetails
from bot.views import block_kit, buttons
from bot.views.mtls import card, rotation


def ready(case: RequestDetails, t: Translator) -> Message:
    """To the owner, as soon as their certificate can be used."""
    if case.request.kind is Kind.ROTATE:
        return rotation.ready(case, t)
    made = case.issued
    until = None if made is None else made.expires_at
    enabled = case.request.kind is Kind.ENABLE or case.request.terms.enables_mtls
    key = "notification.certificate_ready.enable" if enabled else "notification.certificate_ready"
    said = t(key, id=case.request.id, app=case.target.label, until=until or t("card.until.unknown"))
    return _message(said, buttons.for_files(case, t))


def gone(case: RequestDetails, t: Translator) -> Message:
    """To the owner, when somebody else has taken their certificate away."""
    return _message(t("notification.certificate_gone", id=case.request.id, app=case.target.label), [])


def more(case: RequestDetails, change: Operation, t: Translator) -> list[Block]:
    """What is said beside the state of a change: from which to choose, or what is still missing."""
    if change.kind is Kind.ENABLE and change.state is OperationState.DONE and case.issued is None:
        return [block_kit.section(t("notification.done.enable", app=case.target.label))]
    return card.several(case, t)


def _message(said: str, more: list[Block]) -> Message:
    return Message(text=said, blocks=[block_kit.section(said), *more])
