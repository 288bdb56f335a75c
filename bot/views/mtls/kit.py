"""Texts beside a certificate's files: what each is, ``pg_service.conf``, and how each client connects."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.domain.mtls.connection_parameters import ConnectionParameters
from bot.domain.target import Database
from bot.i18n.translator import Translator
from bot.views.mtls import client_settings as settings
from bot.views.mtls.client_settings import Values
from bot.views.mtls.notifications import connection_line, url_command

CERTIFICATE: Final = "postgresql.crt"
KEY: Final = "postgresql.key"
ROOT: Final = "root.crt"
PK8: Final = "postgresql.pk8"
P12: Final = "postgresql.p12"
SERVICE: Final = "pg_service.conf"
README: Final = "README.txt"
FOLDER: Final = "clients/"
"""Folder of the texts for clients."""

_INDENT: Final = "    "
"""Before each line that is to be copied; everything else in a text is a sentence."""

_NAME_WIDTH: Final = 17
"""Columns of the longest file name and two blanks."""

_NOT_IN_SERVICES: Final = re.compile(r"[^A-Za-z0-9]+")
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""A name that PowerShell reads as one word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kit:
    """What the texts depend on.

    Attributes:
        database: the certificate's.
        handle: what people call the certificate.
        parameters: where the database is; None where Heroku did not tell.
        pk8: whether the key is delivered as PKCS #8 in DER too.
        p12: whether it is delivered as PKCS #12.
    """

    database: Database
    handle: str
    parameters: ConnectionParameters | None
    pk8: bool
    p12: bool

    @property
    def values(self) -> Values:
        """What the settings of every client are filled in with."""
        database = self.database
        # Brackets or a line end in it would end the section's name.
        service = _NOT_IN_SERVICES.sub("-", database.label).strip("-") or "database"
        plain = _PLAIN.fullmatch(database.app) and _PLAIN.fullmatch(database.config_var)
        return Values.of(self.parameters, service=service, fetch=url_command(database) if plain else "")


def texts(kit: Kit, *, at: datetime, t: Translator) -> Mapping[str, str]:
    """Returns the texts by their names in the zip; none of them holds a password.

    Args:
        kit: what is delivered.
        at: when, in UTC.
        t: the reader's language.
    """
    found = {README: _readme(kit, at=at, t=t), SERVICE: settings.service_file(kit.values)}
    for name, (client, parts) in _CLIENTS.items():
        title = t("readme.client.title", client=client, handle=kit.handle, app=kit.database.label)
        replaced = () if kit.parameters else _replaced(kit, t)
        found[f"{FOLDER}{name}.txt"] = _page(title, [*replaced, *parts(kit, t)])
    return found


def _readme(kit: Kit, *, at: datetime, t: Translator) -> str:
    moment = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts = [
        "\n".join(f"{name:<{_NAME_WIDTH}}{text}" for name, text in _files(kit, t)),
        t("readme.connect"),
        _code(connection_line(kit.database)),
        t("readme.beside"),
        *(_parameters(kit, t) if kit.parameters else _replaced(kit, t)),
    ]
    if kit.p12:
        parts += [t("readme.store_password"), _code(settings.NEW_P12)]
    return _page(t("readme.title", handle=kit.handle, app=kit.database.label, at=moment), parts)


def _files(kit: Kit, t: Translator) -> Iterator[tuple[str, str]]:
    yield CERTIFICATE, t("readme.file.certificate")
    yield KEY, t("readme.file.key")
    if kit.pk8:
        yield PK8, t("readme.file.der")
    if kit.p12:
        yield P12, t("readme.file.store")
    yield ROOT, t("readme.file.root")
    yield SERVICE, t("readme.file.service")
    yield FOLDER, t("readme.file.clients")


def _parameters(kit: Kit, t: Translator) -> list[str]:
    """Where the database is, and the command that prints its password."""
    it = kit.values
    rows = f"host      {it.host}\nport      {it.port}\ndatabase  {it.base}\nuser      {it.user}"
    return [t("readme.parameters"), _code(rows), t("readme.password"), _code(url_command(kit.database))]


def _replaced(kit: Kit, t: Translator) -> list[str]:
    """What to put in the place of words in capitals."""
    return [t("readme.parameters.unknown"), _code(url_command(kit.database))]


def _psql_linux(kit: Kit, t: Translator) -> list[str]:
    return [t("readme.client.psql.linux"), *_psql(kit, t)]


def _psql_macos(kit: Kit, t: Translator) -> list[str]:
    return [t("readme.client.psql.macos"), *_psql(kit, t)]


def _psql(kit: Kit, t: Translator) -> list[str]:
    return [
        t("readme.client.here"),
        t("readme.client.psql"),
        _code(f"{settings.MODE}\n{settings.psql(kit.values)}"),
        t("readme.client.psql.url"),
        _code(connection_line(kit.database)),
    ]


def _psql_windows(kit: Kit, t: Translator) -> list[str]:
    values = kit.values
    by_url = [t("readme.client.psql.url"), _code(settings.powershell_url(values))]
    return [
        t("readme.client.psql.windows"),
        t("readme.client.here"),
        t("readme.client.psql"),
        _code(settings.powershell(values)),
        *(by_url if values.fetch else []),
        t("readme.client.psql.default"),
        _code(settings.powershell_default(values)),
    ]


def _jdbc(kit: Kit, t: Translator) -> list[str]:
    parts = [t("readme.client.here"), t("readme.client.jdbc"), _code(settings.jdbc(kit.values))]
    if kit.p12:
        parts += [t("readme.client.jdbc.store"), _code(settings.jdbc_p12(kit.values))]
    return [*_der(kit, t), *parts]


def _dbeaver(kit: Kit, t: Translator) -> list[str]:
    return [*_der(kit, t), t("readme.client.dbeaver"), _code(settings.dbeaver(kit.values))]


def _datagrip(kit: Kit, t: Translator) -> list[str]:
    return [*_der(kit, t), t("readme.client.datagrip"), _code(settings.datagrip(kit.values))]


def _der(kit: Kit, t: Translator) -> list[str]:
    """How to make the key in DER, where it could not be converted here."""
    return [] if kit.pk8 else [t("readme.client.der"), _code(settings.NEW_PK8)]


def _npgsql(kit: Kit, t: Translator) -> list[str]:
    parts = [t("readme.client.here"), t("readme.client.npgsql"), _code(settings.npgsql(kit.values))]
    if kit.p12:
        parts += [t("readme.client.npgsql.store"), _code(settings.npgsql_pfx(kit.values))]
    return [*parts, t("readme.client.npgsql.verify")]


def _psycopg(kit: Kit, t: Translator) -> list[str]:
    return [t("readme.client.here"), t("readme.client.psycopg"), _code(settings.psycopg(kit.values))]


def _node_postgres(kit: Kit, t: Translator) -> list[str]:
    return [
        t("readme.client.here"),
        t("readme.client.node"),
        _code(settings.node_postgres(kit.values)),
        t("readme.client.node.mode"),
    ]


_CLIENTS: Final[Mapping[str, tuple[str, Callable[[Kit, Translator], list[str]]]]] = {
    "psql-linux": ("psql (Linux)", _psql_linux),
    "psql-macos": ("psql (macOS)", _psql_macos),
    "psql-windows": ("psql (Windows PowerShell)", _psql_windows),
    "jdbc": ("JDBC (pgjdbc)", _jdbc),
    "dbeaver": ("DBeaver", _dbeaver),
    "datagrip": ("DataGrip", _datagrip),
    "npgsql": ("Npgsql (.NET)", _npgsql),
    "psycopg": ("psycopg (Python)", _psycopg),
    "node-postgres": ("node-postgres (Node.js)", _node_postgres),
}
"""Name of each text, what the client is called, and the parts of its text."""


def _page(title: str, parts: Iterable[str]) -> str:
    return "\n\n".join([title, *parts]) + "\n"


def _code(text: str) -> str:
    return "\n".join(f"{_INDENT}{line}" if line else "" for line in text.rstrip("\n").split("\n"))
