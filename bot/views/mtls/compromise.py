"""A certificate whose files somebody else has: the owner's red button, and what approvers are told."""

from datetime import datetime
from uuid import UUID

from bot.domain.operation import OperationState
from bot.i18n.translator import Translator, mention
from bot.ports import Block, Message, OutboxMessage, RequestDetails
from bot.views import action_ids, block_kit
from bot.views.method_view import Rendering
from bot.views.requests.request_state import why


def not_me(message: OutboxMessage, details: RequestDetails, t: Translator) -> list[Block]:
    """The button below the news of a download, while the certificate may work and be the reader's."""
    params, issued = message.params, details.issued
    # A download from before these were noted: nobody knows which certificate it was.
    if "certificate" not in params or "link" not in params:
        return []
    certificate = UUID(params["certificate"])
    known = issued is not None and issued.id == certificate
    if issued is not None and known and (issued.absent_at is not None or issued.owner != message.recipient):
        return []
    value = action_ids.download_value(
        details.request.id, certificate, UUID(params["link"]), nonce=details.request.nonce
    )
    title = t("button.not_me")
    question = t("confirm.not_me", handle=details.request.id, app=details.target.label)
    confirmation = block_kit.confirm(title, question, yes=t("button.revoke"), no=t("form.cancel"))
    button = block_kit.button(
        title, action=action_ids.NOT_ME, value=value, style="danger", confirmation=confirmation
    )
    return [block_kit.actions(button)]


def revoking(details: RequestDetails, handle: int, t: Translator) -> Message:
    """To the owner: the revocation has begun.

    Args:
        details: the request that revokes the certificate.
        handle: what people call the certificate.
        t: the reader's language.
    """
    params = {"handle": handle, "id": details.request.id, "app": details.target.label}
    return block_kit.paragraphs(t("answer.certificate_compromised", **params))


def warning(it: Rendering) -> Message:
    """To approvers and operations: who may have the key, since when, and what became of the certificate."""
    message, details, t = it.message, it.details, it.t
    said: dict[str, object] = {
        "handle": message.params["handle"],
        "app": details.target.label,
        "owner": mention(message.params["owner"]),
        "id": details.request.id,
    }
    delivered = message.params.get("delivered")
    since = datetime.fromisoformat(delivered) if delivered else t("card.until.unknown")
    text = t(message.kind, since=since, **said)
    return block_kit.paragraphs(text, _outcome(details, t))


def _outcome(details: RequestDetails, t: Translator) -> str:
    operation = details.operation
    if operation is not None and operation.state is OperationState.DONE:
        return t("certificate_compromised.done", at=operation.closed_at)
    if operation is not None and operation.state is not OperationState.DOING:
        return t("certificate_compromised.failed", why=why(operation, t), id=details.request.id)
    return t("certificate_compromised.doing", id=details.request.id)
