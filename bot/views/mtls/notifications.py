"""What is said once of certificates: ready, gone, or several of which one has to be chosen."""

from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.i18n.translator import Translator
from bot.ports import Block, Message, RequestDetails
from bot.views import block_kit, buttons
from bot.views.mtls import card, rotation


def ready(case: RequestDetails, words: Translator) -> Message:
    """To the owner, as soon as their certificate can be used."""
    if case.request.kind is Kind.ROTATE:
        return rotation.ready(case, words)
    made = case.issued
    until = None if made is None else made.expires_at
    enabled = case.request.kind is Kind.ENABLE or case.request.terms.enables
    key = "notice.certificate_ready.enable" if enabled else "notice.certificate_ready"
    said = words(key, id=case.request.id, app=case.target.label, until=until or words("card.until.unknown"))
    return _message(said, buttons.for_files(case, words))


def gone(case: RequestDetails, words: Translator) -> Message:
    """To the owner, when somebody else has taken their certificate away."""
    return _message(words("notice.certificate_gone", id=case.request.id, app=case.target.label), [])


def more(case: RequestDetails, change: Operation, words: Translator) -> list[Block]:
    """What is said beside the state of a change: from which to choose, or what is still missing."""
    if change.kind is Kind.ENABLE and change.state is OperationState.DONE and case.issued is None:
        return [block_kit.section(words("notice.done.enable", app=case.target.label))]
    return card.several(case, words)


def _message(said: str, more: list[Block]) -> Message:
    return Message(text=said, blocks=[block_kit.section(said), *more])
