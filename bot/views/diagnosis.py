"""The answer to ``why`` about a database."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from bot.domain.method import Method
from bot.domain.policy.rules import Policy
from bot.domain.reach import Extent, reach_of
from bot.domain.subject import Network
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import DatabaseStatus, Message
from bot.views import block_kit, reach
from bot.views.method_view import asking_for
from bot.views.methods import DEFAULT, METHOD_VIEWS
from bot.views.mtls import status as mtls_status
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
    return _answer(status, steps, t)


def address(status: DatabaseStatus, network: Network, *, t: Translator) -> Message:
    """What allows an address to a database, whoever asked for it, and what else its user needs."""
    observation = status.observation
    if observation is None:
        return _answer(status, [t("status.unseen")], t)
    (reached,) = reach_of(network, method=DEFAULT.method, observation=observation, nearby=status.nearby)
    space = status.nearby.space
    # Where all lists were read, the range that may concern databases is all that is not known.
    settled = reached.extent is not Extent.UNKNOWN or not reached.clear
    steps = [reach.verdict(reached, status.database.label, space, t)] if settled else []
    if reached.maybe and reached.extent is not Extent.WHOLE:
        steps.append(t("why.step.maybe", network=network, by=reach.by(reached.maybe, space, t)))
    if any(entry.active and entry.method is Method.MTLS for entry in reached.entries):
        steps.append(mtls_status.certificate_step(status, observation, t))
    return _answer(status, steps, t)


def _answer(status: DatabaseStatus, steps: Sequence[Mrkdwn], t: Translator) -> Message:
    """The steps between a title with the age of the observation and what each ``psql`` error means."""
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
