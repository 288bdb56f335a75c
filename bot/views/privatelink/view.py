"""The view of PrivateLink."""

from typing import Final

from bot.views import action_ids
from bot.views.method_view import HelpTopic, MethodView
from bot.views.privatelink import card, notifications, status
from bot.views.privatelink.fields import accounts_field

PRIVATELINK: Final = MethodView(
    method=status.METHOD,
    facts=card.facts,
    impact=card.impact,
    in_force=notifications.in_force,
    ended=notifications.ended,
    interrupted=notifications.interrupted,
    status=lambda database, t, _refreshed: status.section(database, t),
    steps=status.steps,
    subject_field=accounts_field,
    error_fields={"account": action_ids.FIELD_ADDRESS, "link": action_ids.FIELD_TARGET},
    renderers=dict.fromkeys(notifications.STAGES, notifications.stage),
    help=HelpTopic(
        name="privatelink",
        paragraphs=(
            (
                "help.privatelink", "help.privatelink.open", "help.privatelink.add",
                "help.privatelink.remove", "help.privatelink.adopt", "help.privatelink.status",
                "help.privatelink.close",
            ),
        ),
        examples=("help.example.privatelink", "help.example.privatelink_add"),
    ),
    form_button=action_ids.ADVISE_PRIVATELINK,
)  # fmt: skip
