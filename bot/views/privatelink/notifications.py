"""Notifications about PrivateLink: in force and what to do next, the stages to a connection, and the end."""

from shlex import quote
from typing import Final

from bot.domain.grant import Grant, GrantState
from bot.domain.outside.text import clean
from bot.domain.privatelink.aws_account import number_of
from bot.domain.privatelink.observation import LEAVING, PrivateLinkObservation
from bot.domain.reach import reach_of
from bot.domain.subject import Accounts, Subject, accounts_of
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Message, MessageKind, RequestDetails
from bot.views import block_kit, buttons
from bot.views.method_view import Params, Rendering
from bot.views.privatelink.card import names
from bot.views.privatelink.next_steps import next_steps

STAGES: Final = {
    MessageKind.LINK_READY: GrantState.APPLYING,
    MessageKind.LINK_CONNECTED: GrantState.IN_FORCE,
    MessageKind.LINK_URL: GrantState.IN_FORCE,
}
"""Notifications on the way to a connection, each with the grant's state while it is true."""


def in_force(details: RequestDetails, params: Params, t: Translator) -> Message:
    """The accounts are allowed: what is to be done on Amazon's side."""
    text = t("notification.in_force.privatelink", **params)
    steps = [] if details.link is None else next_steps(details.database, details.link, t)
    return block_kit.message(text, [block_kit.section(text), *steps])


def ended(details: RequestDetails, grant: Grant, params: Params, t: Translator) -> Mrkdwn:
    """No entry allows the accounts any more; what is connected already may go on."""
    observation = details.link
    arns = grant.subject.arns if isinstance(grant.subject, Accounts) else ()
    endpoints = _still_connected(observation, arns)
    if endpoints:
        return t("notification.ended.stays", endpoints=names(endpoints, t), **params)
    return t("notification.ended", **params)


def interrupted(details: RequestDetails, grant: Grant, params: Params, t: Translator) -> Mrkdwn | None:
    """Accounts were removed outside pgaccess; those of the same request that are still allowed are named.

    Returns:
        None where all of them are gone, or all of them are still allowed.
    """
    reaches = reach_of(
        grant.subject, method=grant.method, observation=details.observation, nearby=details.nearby
    )
    left = [str(each.address) for each in reaches if each.entries]
    gone = [arn for arn in accounts_of(grant.subject) if arn not in left]
    if not left or not gone:
        return None
    return t("notification.interrupted.part", **{**params, "network": names(gone, t)}, left=names(left, t))


def still_allowed(observation: PrivateLinkObservation | None, subject: Subject) -> list[str]:
    """Accounts of a subject that Heroku still lists, as of the last observation."""
    if observation is None or observation.status is None or observation.status in LEAVING:
        return []
    arns = subject.arns if isinstance(subject, Accounts) else ()
    return [arn for arn in arns if observation.account(arn) is not None]


def stage(it: Rendering) -> Message:
    """One more stage is reached; sent late, it says where the request stands instead."""
    message, details, t = it.message, it.details, it.t
    request = details.request
    if details.grant is None or details.grant.state is not STAGES[message.kind]:
        return block_kit.paragraphs(t("notification.link_moved", id=request.id, what=it.state()))
    params = {
        **message.params,
        "id": request.id,
        "network": request.terms.subject,
        "app": details.target.label,
    }
    text = t(message.kind, **params)
    shown = text
    if message.kind is MessageKind.LINK_URL:
        line = connection_line(details.database.app, message.params["name"])
        shown = Mrkdwn(f"{text}\n```{t.show(line)}```")
    return block_kit.message(text, [block_kit.section(shown), *buttons.for_grant(details, details.grant, t)])


def connection_line(app: str, name: str) -> str:
    """The ready ``psql`` line, with no secret in it: the shell fetches the URL itself."""
    # Names are Heroku's, and so somebody else's words: a shell must not read anything into them.
    return f'psql "$(heroku config:get {quote(clean(name))} -a {quote(clean(app))})"'


def _still_connected(observation: PrivateLinkObservation | None, arns: tuple[str, ...]) -> list[str]:
    """Endpoints of accounts that are no longer allowed: Amazon keeps what is connected already."""
    if observation is None:
        return []
    allowed = {number_of(account.arn) for account in observation.accounts}
    gone = [arn for arn in arns if number_of(arn) not in allowed]
    return sorted({each.endpoint for arn in gone for each in observation.connected(arn)})
