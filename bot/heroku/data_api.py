"""The Data API's addresses: a database by its id, or by its name where the id is not taken."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote
from uuid import UUID

import httpx

from bot.domain.target import Database
from bot.errors import HerokuNotFoundError, HerokuUnknownAddonError
from bot.heroku.transport import Api

DATABASE = "{database}"
"""Stands for the database in a path."""


class DataApi:
    """Client of the Data API, which should know an add-on by its id and may know it by its name only.

    It learns of a new name late, and says "Couldn't find that add-on" meanwhile (heroku/heroku-pg#103). Its
    official clients send ids since (heroku/heroku-pg#102); that ``tls-endpoint`` takes them nobody confirmed.
    So a database is asked for by its id, and by its name once only that has been answered.

    Args:
        basic: sends the token as a password, as ``/postgres/v0`` and ``/private-link/v0`` want it.
        bearer: sends it as a bearer token, as ``/client/v11`` wants it.
    """

    def __init__(self, basic: Api, bearer: Api) -> None:
        self._basic = basic
        self._bearer = bearer
        self._named: set[UUID] = set()

    async def close(self) -> None:
        """Closes the connections."""
        await self._basic.close()
        await self._bearer.close()

    def addressed_by_name(self, database: Database) -> bool:
        """Whether a database has been answered for by its name only."""
        return database.id in self._named

    async def whole(self, database: Database, path: str) -> httpx.Response:
        """Makes a GET of which only a 200 is complete, and proves what is absent.

        Args:
            database: the add-on.
            path: with ``DATABASE`` in its place.

        Raises:
            HerokuUnknownAddonError: the add-on is known neither by its id nor by its name.
            HerokuError: as ``Api.call`` does.
        """
        return await self._read(database, path, self._basic.whole)

    async def read(self, database: Database, path: str) -> httpx.Response:
        """Makes a GET; arguments and errors as for ``whole``."""
        return await self._read(database, path, lambda made: self._basic.call("GET", made))

    async def write(self, method: str, database: Database, path: str, body: object = None) -> httpx.Response:
        """Makes a call that changes something, at the address that the last GET was answered at.

        Raises:
            HerokuUnknownAddonError: the add-on is not known at that address; nothing was done.
            HerokuError: as ``Api.call`` does.
        """
        # Not tried at the other address: before a change, whose name it is by now has to be confirmed.
        return await self._basic.call(
            method, _path(path, database, named=self.addressed_by_name(database)), body
        )

    async def require_known(self, database: Database) -> None:
        """Makes sure that the Data API knows the add-on (``GET /client/v11/databases/{id}``).

        Raises:
            HerokuUnknownAddonError: it does not, whatever it says why.
            HerokuError: it did not answer.
        """
        try:
            await self._bearer.call("GET", f"/client/v11/databases/{database.id}")
        except HerokuNotFoundError as error:
            raise HerokuUnknownAddonError(error.status, error.id, error.message) from error

    async def _read(
        self, database: Database, path: str, make: Callable[[str], Awaitable[httpx.Response]]
    ) -> httpx.Response:
        named = self.addressed_by_name(database)
        try:
            return await make(_path(path, database, named=named))
        except HerokuUnknownAddonError as unknown:
            try:
                answer = await make(_path(path, database, named=not named))
            except HerokuUnknownAddonError:
                raise unknown from None
            except HerokuNotFoundError:
                # Known at the other address, where it only lacks what was asked for.
                self._address(database, named=not named)
                raise
            self._address(database, named=not named)
            return answer

    def _address(self, database: Database, *, named: bool) -> None:
        if named:
            self._named.add(database.id)
        else:
            self._named.discard(database.id)


def _path(path: str, database: Database, *, named: bool) -> str:
    return path.replace(DATABASE, quote(database.name, safe="") if named else str(database.id))
