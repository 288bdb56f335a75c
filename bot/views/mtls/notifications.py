"""Notifications about mTLS: a rule in force or removed, a certificate that is ready or was taken away."""

from shlex import quote

from bot.domain.grant import GrantState
from bot.domain.operation import Operation, OperationState
from bot.domain.outside.text import clean
from bot.domain.request import Kind
from bot.domain.target import Database
from bot.i18n.translator import Translator
from bot.ports import Block, Message, RequestDetails
from bot.views import block_kit, buttons
from bot.views.method_view import Params, Rendering
from bot.views.mtls import card, need, rotation


def in_force(details: RequestDetails, params: Params, t: Translator) -> Message:
    """The rule is in force: what else its owner needs, and how to connect."""
    connect = t("notification.in_force.connect")
    line = t.show(connection_line(details.database))
    text = t("notification.in_force", **params)
    return block_kit.paragraphs(text, *need.certificate(details, t), f"{connect}\n```{line}```")


def connection_line(database: Database) -> str:
    """The ready ``psql`` line, with no secret in it: the shell fetches the URL itself.

    The client files are named as Heroku's own download names them; the URL is never stored, because it
    changes with credentials, failover and maintenance.
    """
    # Not ``verify-full``: whether Heroku's certificates carry the host names of URLs is not documented.
    files = "PGSSLMODE=verify-ca PGSSLCERT=postgresql.crt PGSSLKEY=postgresql.key PGSSLROOTCERT=root.crt"
    return f'{files} psql "$({url_command(database)})"'


def url_command(database: Database) -> str:
    """The shell command that prints a database's URL, with its password."""
    # Names are Heroku's, and so somebody else's words: a shell must not read anything into them.
    app = quote(clean(database.app))
    if database.config_var:
        return f"heroku config:get {quote(clean(database.config_var))} -a {app}"
    # No variable of the app is named that may hold another database's URL.
    credentials = f"heroku pg:credentials:url {quote(clean(database.name))} -a {app}"
    return f"{credentials} | grep -o 'postgres://[^ ]*'"


def connection_changed(it: Rendering) -> Message:
    """To those who hold the command: it names another app or config var now."""
    details, t = it.details, it.t
    params = {"id": details.request.id, "app": details.target.label}
    if details.target.gone_at is not None:
        return block_kit.paragraphs(t("notification.connection_changed.gone", **params))
    in_force = details.grant is not None and details.grant.state is GrantState.IN_FORCE
    # Whoever holds a certificate has the command from its files, with or without a grant of that request.
    holds = details.issued is not None and details.issued.absent_at is None
    if not in_force and not holds:
        return block_kit.paragraphs(t("notification.connection_changed.over", **params))
    line = t.show(connection_line(details.database))
    return block_kit.paragraphs(t("notification.connection_changed", **params), f"```{line}```")


def ready(it: Rendering) -> Message:
    """To the owner, as soon as their certificate can be used."""
    details, t = it.details, it.t
    if details.request.kind is Kind.ROTATE:
        return rotation.ready(details, t, state=it.state)
    issued = details.issued
    until = None if issued is None else issued.expires_at
    enabled = details.request.kind is Kind.ENABLE or details.request.terms.enables_mtls
    key = "notification.certificate_ready.enable" if enabled else "notification.certificate_ready"
    text = t(key, id=details.request.id, app=details.target.label, until=until or t("card.until.unknown"))
    return block_kit.message(text, [block_kit.section(text), *buttons.for_files(details, t)])


def gone(details: RequestDetails, t: Translator) -> Message:
    """To the owner, when their certificate was removed outside pgaccess; or that it is there after all."""
    key = "notification.certificate_gone"
    if details.target.gone_at is not None:
        key = "notification.certificate_gone.target"
    elif details.issued is not None and details.issued.absent_at is None:
        key = "notification.certificate_gone.back"
    return block_kit.paragraphs(t(key, id=details.request.id, app=details.target.label))


def besides(details: RequestDetails, operation: Operation, t: Translator) -> list[Block]:
    """What follows the state of an operation: certificates to choose from, or what is still missing."""
    is_done = operation.state is OperationState.DONE
    if operation.kind is Kind.ENABLE and is_done and details.issued is None:
        return [block_kit.section(t("notification.done.enable", app=details.target.label))]
    return card.candidates(details, t)
