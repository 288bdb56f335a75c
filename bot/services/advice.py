"""Advice on which way in to take: it reads what is known of a database, and changes nothing."""

from uuid import UUID

from bot.domain.advice import Advice, Answers, Ground, advise
from bot.domain.target import Database, choose
from bot.services.base import UseCases


class Advising(UseCases):
    """Recommends."""

    async def advise(self, target: str, answers: Answers) -> tuple[Database, Advice]:
        """The recommendation for a database.

        Args:
            target: Heroku's UUID of it, or a name or alias as people type it.
            answers: what the person said.

        Raises:
            Refused: there is no such database.
        """
        async with self._store.transaction() as tx:
            databases, spaces = await tx.targets.all(), await tx.targets.spaces()
        chosen = _by_id(databases, target) or choose(databases, target, self._aliases)
        space = next((each for each in spaces if each.name == chosen.space), None)
        return chosen, advise(answers, Ground.of(chosen, space))

    @property
    def _aliases(self) -> dict[str, str]:
        return {one.alias: one.database for one in self._policy.targets}


def _by_id(databases: tuple[Database, ...], word: str) -> Database | None:
    try:
        wanted = UUID(word)
    except ValueError:
        return None
    return next((database for database in databases if database.id == wanted), None)
