"""What is said once: to the requester at each turn that matters, to operations when things go wrong."""

from bot.domain.grant import Grant
from bot.domain.request import RequestState
from bot.domain.target import Database
from bot.messages import blocks
from bot.messages.cards import DETAIL_SHOWN, one_line, why
from bot.messages.words import Words, cut, mention
from bot.ports import Case, Message, Post, PostKind


def operations_notice(post: Post, words: Words) -> Message:
    """A finding or a trouble that no request stands for."""
    return _message(words(post.kind, **post.params))


def decided(case: Case, words: Words) -> Message:
    """The decision, as soon as it is made."""
    vote = case.decisions[-1]
    what = {"id": case.request.id, "network": case.request.terms.network, "app": case.database.app}
    if case.request.state is RequestState.APPROVED:
        return _message(words("notice.decided.approved", person=mention(vote.person), **what))
    key = "notice.decided.denied.why" if vote.reason else "notice.decided.denied"
    reason = cut(one_line(vote.reason), DETAIL_SHOWN)
    return _message(words(key, person=mention(vote.person), reason=reason, **what))


def about_grant(kind: PostKind, case: Case, grant: Grant, words: Words) -> Message:
    """In force, ending soon, ended, failed or interrupted."""
    params = {
        "id": case.request.id,
        "network": grant.network,
        "app": case.database.app,
        "ends": grant.ends_at,
        "why": why(grant, words),
    }
    said = words(kind, **params)
    match kind:
        case PostKind.NOTICE_IN_FORCE:
            connect = words("notice.in_force.connect")
            return _message(said, f"{connect}\n```{words.show(connection_line(case.database))}```")
        case PostKind.NOTICE_ENDED:
            return _message(said)
    return _message(said, words(f"{kind}.how", command=ask_again(case)))


def connection_line(database: Database) -> str:
    """The ready ``psql`` line, with no secret in it: the shell fetches the URL itself.

    The client files are named as Heroku's own download names them; the URL is never kept, because it changes
    with credentials, failover and maintenance.
    """
    files = "PGSSLMODE=verify-ca PGSSLCERT=postgresql.crt PGSSLKEY=postgresql.key PGSSLROOTCERT=root.crt"
    return f'{files} psql "$(heroku config:get {database.config_var} -a {database.app})"'


def ask_again(case: Case) -> str:
    """The command that asks for the same once more."""
    return f"/pgaccess mtls add {case.request.terms.network} to {case.database.app}"


def _message(text: str, *more: str) -> Message:
    return Message(text=text, blocks=[blocks.section(paragraph) for paragraph in (text, *more)])
