"""Messages about people who have left: what ended, and certificates that need a new owner."""

from typing import Final
from uuid import UUID

from bot.domain.mtls.certificate import KnownCertificate
from bot.i18n.translator import Mrkdwn, Translator, mention
from bot.ports import Block, Message, OutboxMessage, RequestDetails
from bot.views import action_ids, block_kit, buttons, form_fields
from bot.views.method_view import Rendering
from bot.views.mtls.card import purpose
from bot.views.text import numbers

_ENDED: Final = ("grants", "pending", "links", "rotations", "certificates")
"""What a summary lists, in this order."""

LIST: Final = 2000
"""Characters of one of these lists."""


def summary(message: OutboxMessage, t: Translator) -> Message:
    """To operations: who left, and what ended with that."""
    person, why = mention(message.params["person"]), t(f"leaver.why.{message.params['why']}")
    title = t("notification.leaver", person=person, why=why)
    lists = {name: message.params.get(name, "").split() for name in _ENDED}
    lines = [
        t(f"leaver.{name}", list=t.names(numbers(map(int, found)), limit=LIST))
        for name, found in lists.items()
        if found
    ]
    return block_kit.message(title, [block_kit.section(title), *block_kit.sections(lines, by="\n")])


def certificate(it: Rendering) -> Message:
    """To the approvers: a certificate whose owner has left, and what was decided of it.

    Raises:
        ValueError: the request has no certificate.
    """
    params, details, t = it.message.params, it.details, it.t
    known = _issued(it)
    said: dict[str, object] = {
        "handle": known.handle,
        "app": details.target.label,
        "owner": mention(params["owner"]),
    }
    if known.id != UUID(params["certificate"]) or known.absent_at is not None:
        return block_kit.paragraphs(t("certificate_left.gone", **said))
    if "assigned_to" in params:
        heir, by = mention(params["assigned_to"]), mention(params["assigned_by"])
        return block_kit.paragraphs(t("certificate_left.assigned", heir=heir, person=by, **said))
    if known.owner_left_at is None:
        return block_kit.paragraphs(t("certificate_left.back", **said))
    if "revoked_by" in params:
        by = mention(params["revoked_by"])
        said |= {"id": int(params["revocation"]), "person": by}
        return block_kit.paragraphs(t("certificate_left.revoking", **said))
    people = t.people(params.get("approvers", "").split())
    until = known.expires_at or t("unowned.unknown")
    text = t("notification.certificate_left", people=people, until=until, **said)
    shown = [block_kit.section(text)]
    if known.purpose:
        shown.append(block_kit.section(t("expiry.purpose", purpose=purpose(known, t))))
    shown += [block_kit.context(_key(known, said, t)), _buttons(details, known, t)]
    return block_kit.message(text, shown)


def assigned(it: Rendering) -> Message:
    """To the new owner of a certificate: what it is, and how to get its files.

    Raises:
        ValueError: the request has no certificate.
    """
    params, details, t = it.message.params, it.details, it.t
    known = _issued(it)
    said = {"handle": known.handle, "app": details.target.label}
    by, before = mention(params["assigned_by"]), mention(params["before"])
    text = t("notification.certificate_assigned", person=by, before=before, **said)
    if known.absent_at is not None or known.owner != params["owner"]:
        return block_kit.paragraphs(text, t("certificate_assigned.over"))
    how = t("certificate_assigned.how", handle=known.handle, before=before)
    shown = [block_kit.section(text)]
    if known.purpose:
        shown.append(block_kit.section(t("expiry.purpose", purpose=purpose(known, t))))
    return block_kit.message(text, [*shown, block_kit.section(how), *buttons.for_files(details, t)])


def assign_form(details: RequestDetails, certificate: UUID, t: Translator) -> Block:
    """Asks who gets a certificate."""
    about = t("form.assign.about", handle=details.request.id, app=details.target.label)
    person = block_kit.person_input(
        action_ids.FIELD_PERSON, t("form.assign.person"), hint=t("form.assign.hint", app=details.target.label)
    )
    return form_fields.form(
        action_ids.FORM_ASSIGN,
        t("form.assign.title"),
        t("form.assign.submit"),
        t,
        [block_kit.section(about), person],
        metadata=action_ids.pick_value(details.request.id, certificate, nonce=details.request.nonce),
    )


def revoking(details: RequestDetails, t: Translator) -> Message:
    """To the approver: the revocation has begun."""
    return block_kit.paragraphs(
        t("answer.certificate_revoking", handle=details.request.id, app=details.target.label)
    )


def _issued(it: Rendering) -> KnownCertificate:
    known = it.details.issued
    if known is None:
        request = it.details.request.id
        raise ValueError(f"{it.message.kind} is about a certificate, and request {request} has none")
    return known


def _key(known: KnownCertificate, said: dict[str, object], t: Translator) -> Mrkdwn:
    """Whether its former owner may have the private key."""
    if known.delivered_at is None:
        return t("certificate_left.key.none", **said)
    return t("certificate_left.key", at=known.delivered_at, **said)


def _buttons(details: RequestDetails, known: KnownCertificate, t: Translator) -> Block:
    value = action_ids.pick_value(details.request.id, known.id, nonce=details.request.nonce)
    title = t("button.revoke")
    question = t("confirm.revoke_certificate", handle=known.handle, app=details.target.label)
    confirmation = block_kit.confirm(title, question, yes=title, no=t("form.cancel"))
    revoke = block_kit.button(
        title, action=action_ids.REVOKE_CERTIFICATE, value=value, style="danger", confirmation=confirmation
    )
    assign = block_kit.button(t("button.assign"), action=action_ids.ASSIGN, value=value)
    return block_kit.actions(revoke, assign)
