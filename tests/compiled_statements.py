"""One cache of compiled statements for all engines of a test process.

SQLAlchemy keeps compiled statements for each engine. The bot has few engines and keeps them, and a test has
engines of its own: without this, every test compiles every statement again, a quarter of its processor time.
"""

from typing import Any, Final

from sqlalchemy import URL, Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGDialectAsync_psycopg
from sqlalchemy.engine import Dialect
from typing_extensions import override

_COMPILED: Final[dict[Any, Any]] = {}
"""Compiled statements by SQLAlchemy's own key, in which the dialect is the only part that an engine owns."""


def share() -> None:
    """Lets engines that are made from now on in this process share what they have compiled."""
    registry.register("postgresql.psycopg", __name__, _Dialect.__name__)


class _AsyncDialect(PGDialectAsync_psycopg):
    """The dialect of asynchronous engines, equal to every other for the same version of Postgres."""

    supports_statement_cache = True

    @classmethod
    @override
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_COMPILED)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _AsyncDialect) and self._speaks_to() == other._speaks_to()

    @override
    def __hash__(self) -> int:
        return hash(_AsyncDialect)

    def _speaks_to(self) -> object:
        """Postgres' version, which decides what is compiled; known from the first connection on."""
        return self.server_version_info


class _Dialect(PGDialect_psycopg):
    """The dialect as it is, for all but asynchronous engines."""

    supports_statement_cache = True

    @classmethod
    @override
    def get_async_dialect_cls(cls, url: URL) -> type[Dialect]:
        return _AsyncDialect
