"""Texts beside a certificate's files, read by the readers of their formats."""

import ast
import configparser
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.mtls.connection_parameters import ConnectionParameters
from bot.i18n.translator import Translator
from bot.views.mtls import client_settings, kit
from bot.views.mtls.kit import Kit
from bot.views.mtls.notifications import connection_line
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.views.samples import IN_BOTH_LANGUAGES

HERE = ConnectionParameters(host="db.example.com", port=5433, base="d8f2kq", user="u5vwx")
CLIENTS = {
    *("psql-linux", "psql-macos", "psql-windows", "jdbc", "dbeaver", "datagrip"),
    *("npgsql", "psycopg", "node-postgres"),
}


def texts(
    language: str = "en",
    *,
    app: str = "billing",
    config_var: str = "DATABASE_URL",
    parameters: ConnectionParameters | None = HERE,
    pk8: bool = True,
    p12: bool = True,
) -> Mapping[str, str]:
    database = replace(factories.database(), app=app, config_var=config_var)
    contents = Kit(database=database, handle="17", parameters=parameters, pk8=pk8, p12=p12)
    return kit.texts(contents, at=NOW, t=Translator(language))


def client(name: str, found: Mapping[str, str]) -> str:
    return found[f"clients/{name}.txt"]


def code(text: str) -> str:
    """The lines that are to be copied."""
    lines = [line for line in text.splitlines() if line.startswith("    ") or not line]
    return "\n".join(line.removeprefix("    ") for line in lines).strip("\n")


@IN_BOTH_LANGUAGES
def test_there_is_a_text_for_each_client_and_each_has_the_values(language: str) -> None:
    found = texts(language)
    assert set(found) == {"README.txt", "pg_service.conf", *(f"clients/{name}.txt" for name in CLIENTS)}
    for name in CLIENTS - {"psql-linux", "psql-macos", "psql-windows"}:
        for value in ("db.example.com", "5433", "d8f2kq", "u5vwx"):
            assert value in client(name, found), name
    for name in CLIENTS:
        assert client(name, found).lower().startswith(name.partition("-")[0])
        assert "17" in client(name, found).splitlines()[0]
        assert "HOST" not in client(name, found)


@IN_BOTH_LANGUAGES
def test_the_readme_names_every_file_and_has_the_ready_line(language: str) -> None:
    text = texts(language)["README.txt"]
    for name in ("postgresql.crt", "postgresql.key", "postgresql.pk8", "postgresql.p12", "root.crt"):
        assert re.search(rf"^{re.escape(name)} ", text, re.M)
    assert "2026-11-24 09:00 UTC" in text
    assert f"\n    {connection_line(factories.database())}\n" in text
    assert "\n    host      db.example.com\n    port      5433\n" in text


def test_the_service_file_is_read_with_every_value() -> None:
    parser = configparser.ConfigParser(delimiters=("=",), strict=True, interpolation=None)
    parser.read_string(texts()["pg_service.conf"])
    assert parser.sections() == ["billing"]
    assert dict(parser["billing"]) == {
        "host": "db.example.com",
        "port": "5433",
        "dbname": "d8f2kq",
        "user": "u5vwx",
        "sslmode": "verify-ca",
        "sslcert": "postgresql.crt",
        "sslkey": "postgresql.key",
        "sslrootcert": "root.crt",
    }
    # libpq takes a blank beside the sign for a part of the name or the value.
    assert " " not in texts()["pg_service.conf"]


def test_the_urls_of_jdbc_are_read_with_every_value() -> None:
    der, store = [line for line in code(client("jdbc", texts())).splitlines() if line]
    shared = {"user": "u5vwx", "sslmode": "verify-ca", "sslrootcert": "root.crt"}
    for line, files in (
        (der, {"sslcert": "postgresql.crt", "sslkey": "postgresql.pk8"}),
        (store, {"sslkey": "postgresql.p12"}),
    ):
        url = urlsplit(line.removeprefix("jdbc:"))
        assert (url.scheme, url.netloc, url.path) == ("postgresql", "db.example.com:5433", "/d8f2kq")
        assert dict(parse_qsl(url.query, strict_parsing=True)) == shared | files


def test_the_connection_strings_of_npgsql_are_read_with_every_value() -> None:
    pem, pfx = [line for line in code(client("npgsql", texts())).splitlines() if line]
    shared = {
        "Host": "db.example.com",
        "Port": "5433",
        "Database": "d8f2kq",
        "Username": "u5vwx",
        "SSL Mode": "VerifyCA",
        "Root Certificate": "root.crt",
    }
    assert dict(part.split("=") for part in pem.split(";")) == shared | {
        "SSL Certificate": "postgresql.crt",
        "SSL Key": "postgresql.key",
    }
    assert dict(part.split("=") for part in pfx.split(";")) == shared | {"SSL Certificate": "postgresql.pfx"}


def test_the_code_for_psycopg_is_python_that_names_the_parameters() -> None:
    calls = [
        node for node in ast.walk(ast.parse(code(client("psycopg", texts())))) if isinstance(node, ast.Call)
    ]
    (connect,) = [call for call in calls if ast.unparse(call.func) == "psycopg.connect"]
    given_values = {word.arg: ast.unparse(word.value) for word in connect.keywords}
    assert given_values == {
        "host": "'db.example.com'",
        "port": "5433",
        "dbname": "'d8f2kq'",
        "user": "'u5vwx'",
        "password": "os.environ['PGPASSWORD']",
        "sslmode": "'verify-ca'",
        "sslcert": "'postgresql.crt'",
        "sslkey": "'postgresql.key'",
        "sslrootcert": "'root.crt'",
    }


@IN_BOTH_LANGUAGES
def test_without_parameters_every_text_says_what_to_put_in_their_place(language: str) -> None:
    found = texts(language, parameters=None)
    for name, text in found.items():
        if name != "pg_service.conf":
            assert "postgres://USER:PASSWORD@HOST:PORT/DATABASE" in text
            assert "\n    heroku config:get DATABASE_URL -a billing\n" in text
    assert "host=HOST\nport=PORT\ndbname=DATABASE\nuser=USER\n" in found["pg_service.conf"]


def test_a_key_that_was_not_converted_is_named_nowhere_but_in_the_command_that_converts_it() -> None:
    found = texts(pk8=False, p12=False)
    assert "postgresql.p12" not in json.dumps(dict(found))
    assert "postgresql.pk8" not in found["README.txt"]
    for name in CLIENTS:
        assert (client_settings.NEW_PK8 in client(name, found)) == (name in {"jdbc", "dbeaver", "datagrip"})


def test_without_a_password_for_it_the_key_store_is_named_nowhere() -> None:
    found = texts(p12=False)
    assert "postgresql.p12" not in json.dumps(dict(found))
    assert "postgresql.pfx" not in json.dumps(dict(found))
    assert "postgresql.pk8" in found["README.txt"]


@IN_BOTH_LANGUAGES
def test_a_database_without_a_variable_is_fetched_by_its_name(language: str) -> None:
    found = texts(language, config_var="")
    assert "config:get" not in json.dumps(dict(found))
    # The command has a pipe, which the shell of Windows reads otherwise.
    assert "grep" not in client("psql-windows", found)
    assert "heroku pg:credentials:url" in found["README.txt"]


@given(st.text(st.characters(codec=None)))
def test_whatever_an_app_is_called_the_service_file_and_powershell_are_read_as_meant(app: str) -> None:
    found = texts(app=app)
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.read_string(found["pg_service.conf"])
    (service,) = parser.sections()
    assert re.fullmatch(r"[A-Za-z0-9-]+", service)
    lines = code(client("psql-windows", found)).splitlines()
    assert f'psql "service={service}"' in lines
    for line in lines:
        if "heroku" in line:
            assert re.fullmatch(r"psql \(heroku config:get DATABASE_URL -a [A-Za-z0-9_.-]+\)", line)
