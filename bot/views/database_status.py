"""What Heroku has at one database: the last observation of every access method, with its age."""

from bot.i18n.translator import Translator
from bot.ports import DatabaseStatus, Message
from bot.views import block_kit
from bot.views.methods import METHOD_VIEWS


def status(status: DatabaseStatus, t: Translator, *, refreshed: bool = False) -> Message:
    """The rules, accounts and ranges: ours with their requests, and those that are not managed by pgaccess.

    Args:
        status: what the last observations saw.
        t: the reader's language.
        refreshed: they were made for this answer; without it, they are under way.
    """
    database = status.database
    title = t(
        "status.title", app=database.label, name=database.name, space=database.space, region=database.region
    )
    sections = [block for view in METHOD_VIEWS.values() for block in view.status(status, t, refreshed)]
    return block_kit.message(title, [block_kit.section(title), *sections])
