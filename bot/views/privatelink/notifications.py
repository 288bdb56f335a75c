"""What is said once about PrivateLink: that it works and what to do next, its stages, and its end."""

from typing import Final

from bot.domain.grant import Grant, GrantState
from bot.domain.privatelink.aws_account import number_of
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.subject import Accounts
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import block_kit, buttons
from bot.views.privatelink.card import listed
from bot.views.privatelink.status import next_steps

STAGES: Final = {
    MessageKind.LINK_READY: GrantState.APPLYING,
    MessageKind.LINK_CONNECTED: GrantState.IN_FORCE,
    MessageKind.LINK_URL: GrantState.IN_FORCE,
}
"""What is told on the way to a connection, each with the state of the grant of which it speaks."""


def in_force(case: RequestDetails, t: Translator, params: dict[str, object], made: list[Block]) -> Message:
    """The accounts may connect: what is to be done on Amazon's side."""
    said = t("notification.in_force.privatelink", **params)
    steps = [] if case.link is None else next_steps(case.database, case.link, t)
    return Message(text=said, blocks=[block_kit.section(said), *steps, *made])


def ended(case: RequestDetails, grant: Grant, t: Translator, params: dict[str, object]) -> Message:
    """The accounts may not connect any more; unless something else lets them in, or a connection stands."""
    observation = case.link
    arns = grant.subject.arns if isinstance(grant.subject, Accounts) else ()
    if observation is not None and any(observation.account(arn) is not None for arn in arns):
        return _message(t("notification.ended.shared", **params))
    stays = _standing(observation, arns)
    if stays:
        return _message(t("notification.ended.stays", endpoints=listed(stays, t), **params))
    return _message(t("notification.ended", **params))


def stage(post: OutboxMessage, case: RequestDetails, t: Translator, *, state: Mrkdwn) -> Message:
    """One more stage is reached; told late, it says how things are now instead.

    Args:
        post: what it says beyond its request.
        case: its request.
        words: the reader's language.
        state: the line that says where the request stands.
    """
    request = case.request
    if case.grant is None or case.grant.state is not STAGES[post.kind]:
        return _message(t("notification.link_moved", id=request.id, what=state))
    params = {**post.params, "id": request.id, "network": request.terms.subject, "app": case.target.label}
    said = t(post.kind, **params)
    made = buttons.for_grant(case, case.grant, t)
    if post.kind is not MessageKind.LINK_URL:
        return Message(text=said, blocks=[block_kit.section(said), *made])
    line = connection_line(case.database.app, post.params["name"])
    return Message(text=said, blocks=[block_kit.section(f"{said}\n```{t.show(line)}```"), *made])


def connection_line(app: str, name: str) -> str:
    """The ready ``psql`` line, with no secret in it: the shell fetches the URL itself."""
    return f'psql "$(heroku config:get {name} -a {app})"'


def _standing(observation: PrivateLinkObservation | None, arns: tuple[str, ...]) -> list[str]:
    """Connections of accounts that are not let in any more: Amazon leaves what is connected."""
    if observation is None:
        return []
    allowed = {number_of(account.arn) for account in observation.accounts}
    gone = [arn for arn in arns if number_of(arn) not in allowed]
    return sorted({each.endpoint for arn in gone for each in observation.connected(arn)})


def _message(text: str) -> Message:
    return Message(text=text, blocks=[block_kit.section(text)])
