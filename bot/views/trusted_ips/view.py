"""The view of trusted IP ranges."""

from typing import Final

from bot.ports import MessageKind
from bot.views import action_ids, form_fields
from bot.views.method_view import HelpTopic, MethodView
from bot.views.trusted_ips import card, notifications, summary

TRUSTED_IPS: Final = MethodView(
    method=summary.METHOD,
    facts=card.facts,
    impact=card.impact,
    in_force=notifications.in_force,
    status=lambda database, t, _refreshed: summary.section(database, t),
    steps=lambda database, requests, t, state: summary.steps(database.space, requests, t, state),
    subject_field=form_fields.address_field,
    error_fields={
        "trusted": action_ids.FIELD_TARGET,
        "space": action_ids.FIELD_TARGET,
        "ranges": action_ids.FIELD_ADDRESS,
    },
    renderers={MessageKind.TICKET: notifications.ticket},
    help=HelpTopic(
        name="trusted",
        paragraphs=(
            (
                "help.trusted", "help.trusted.add", "help.trusted.remove", "help.trusted.list",
                "help.trusted.adopt",
            ),
        ),
        examples=("help.example.trusted", "help.example.trusted_list"),
    ),
)  # fmt: skip
