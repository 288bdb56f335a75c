"""Advice on which access method to use, from what is known of a database; changes nothing."""

from uuid import UUID

from bot.domain.advice import Advice, Answers, Ground, advise
from bot.domain.target import Database
from bot.services.context import ServiceContext
from bot.services.lookups import chosen
from bot.services.targets.discovery import known_databases


class AdviceService:
    """Recommends an access method.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def advise(self, target: str, answers: Answers) -> tuple[Database, Advice]:
        """Returns the database that is meant, and the recommendation for it.

        Args:
            target: Heroku's UUID of the database, or a name or alias as people type it.
            answers: what the person said about their client.

        Raises:
            Refused: there is no such database.
        """
        async with self._context.transaction() as tx:
            databases, spaces = await known_databases(tx), await tx.targets.spaces()
            database = _by_id(databases, target) or await chosen(tx, self._context.policy, databases, target)
        space = next((each for each in spaces if database.is_in(each)), None)
        return database, advise(answers, Ground.of(database, space))


def _by_id(databases: tuple[Database, ...], text: str) -> Database | None:
    """The database of an id; None if the text is no id, or one of no database."""
    try:
        id = UUID(text)
    except ValueError:
        return None
    return next((database for database in databases if database.id == id), None)
