"""The view of mTLS."""

from typing import Final

from bot.ports import MessageKind
from bot.views import action_ids, form_fields
from bot.views.method_view import HelpTopic, MethodView
from bot.views.mtls import card, compromise, download, expiry, notifications, rotation, status

MTLS: Final = MethodView(
    method=status.METHOD,
    facts=card.facts,
    impact=card.impact,
    in_force=notifications.in_force,
    status=status.section,
    steps=status.steps,
    subject_field=form_fields.address_field,
    error_fields={"rules": action_ids.FIELD_ADDRESS, "mtls": action_ids.FIELD_TARGET},
    renderers={
        MessageKind.EXPIRY: expiry.reminder,
        MessageKind.EXPIRY_COPY: expiry.reminder,
        MessageKind.EXPIRY_ORPHAN: expiry.reminder,
        MessageKind.CERTIFICATE_READY: notifications.ready,
        MessageKind.CERTIFICATE_COMPROMISED: compromise.warning,
        MessageKind.CERTIFICATE_GONE: lambda it: notifications.gone(it.details, it.t),
        MessageKind.ROTATION_READY: lambda it: rotation.ready(it.details, it.t, state=it.state),
        MessageKind.INSTALL: lambda it: rotation.reminder(it.details, it.t),
        MessageKind.DOWNLOAD_LINK: lambda it: download.over(it.message, it.details, it.t),
    },
    help=HelpTopic(
        name="mtls",
        paragraphs=(
            (
                "help.mtls", "help.mtls.add", "help.mtls.remove", "help.mtls.adopt", "help.mtls.list",
                "help.form", "help.draft",
            ),
            (
                "help.certificates", "help.mtls.enable", "help.certificates.new", "help.certificates.list",
                "help.certificates.get", "help.certificates.rotate", "help.certificates.remove",
            ),
        ),
        examples=("help.example.short", "help.example.long"),
        note="help.limits",
    ),
    form_button=action_ids.ADVISE_MTLS,
)  # fmt: skip
