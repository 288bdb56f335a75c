"""The answer to ``why`` about a database."""

from functools import partial
from typing import Final

from bot.domain.policy.rules import Policy
from bot.i18n.translator import Translator
from bot.ports import DatabaseStatus, Message
from bot.views import block_kit
from bot.views.method_view import asking_for
from bot.views.methods import DEFAULT, METHOD_VIEWS
from bot.views.requests import request_state

_ERRORS: Final = ("timeout", "certificate", "expired", "key", "password")


def why(status: DatabaseStatus, *, t: Translator, policy: Policy) -> Message:
    """What keeps a person from connecting to a database, step by step, and what each ``psql`` error means."""
    state = partial(request_state.state_line, t=t, policy=policy)
    steps = [
        step
        for view in METHOD_VIEWS.values()
        if view is not DEFAULT
        for step in view.steps(status, asking_for(view.method, status.mine), t, state)
    ]
    by_default = asking_for(DEFAULT.method, status.mine)
    # The steps of the default method would mislead a person who has asked for another method only.
    if by_default or not steps:
        steps += DEFAULT.steps(status, by_default, t, state)
    at = status.now if status.observation is None else status.observation.at
    title = t("why.title", app=status.database.label, at=at)
    errors = "\n".join(f"•  {t(f'why.error.{name}')}" for name in _ERRORS)
    return block_kit.message(
        title,
        [
            *(block_kit.section(text) for text in (title, *steps)),
            block_kit.divider(),
            block_kit.section(t("why.errors")),
            block_kit.context(errors),
        ],
    )
