"""The parts of Heroku's answers that are handed out: what cannot be read is never quoted in an error."""

from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from bot.errors import HerokuAmbiguousError
from bot.ports import Credential, Login

Pem = Annotated[str, Field(min_length=1, repr=False)]
"""A text of PEM blocks. While a certificate is pending Heroku leaves its own out, or sends null."""

_QUIET: Final = ConfigDict(hide_input_in_errors=True)
"""A validation error would otherwise repeat what it was given, keys included."""


class _AnyCredential(BaseModel):
    """One certificate alone, with its key (herokux c822fb4, 2025-08: ``mtls_cert.go``)."""

    model_config = _QUIET

    private_key: Pem
    certificate_with_chain: Pem


class _Authority(BaseModel):
    """The endpoint's chain, by which a client knows the server; it is not there while that is being made."""

    model_config = _QUIET

    certificate_authority_chain: Pem


POSTGRES_PORT: Final = 5432
"""The port of an address that names none (PostgreSQL manual, "Connection URIs")."""

_CONFIG_VARS: Final = TypeAdapter(dict[str, SecretStr], config=_QUIET)
_CREDENTIAL: Final = TypeAdapter(_AnyCredential)
_AUTHORITY: Final = TypeAdapter(_Authority)


def read_credential(body: bytes) -> Credential:
    """A certificate with its chain and key; raises ``HerokuAmbiguousError`` where one is missing."""
    try:
        found = _CREDENTIAL.validate_json(body)
    except ValidationError:
        raise _unreadable() from None
    return Credential(chain=found.certificate_with_chain, key=found.private_key)


def read_authority(body: bytes) -> str:
    """The server's chain, PEM; raises ``HerokuAmbiguousError`` where it is missing."""
    try:
        return _AUTHORITY.validate_json(body).certificate_authority_chain
    except ValidationError:
        raise _unreadable() from None


def read_login(body: bytes, config_var: str) -> Login:
    """How a database is reached, from one of an app's config vars; the others are dropped.

    Raises:
        HerokuAmbiguousError: there is no such config var, or it is no Postgres URL.
    """
    try:
        url = urlsplit(_CONFIG_VARS.validate_json(body)[config_var].get_secret_value())
        # A wrong port raises only when it is read, so it is read in here.
        port = url.port or POSTGRES_PORT
    except (ValidationError, ValueError, KeyError):
        raise _unreadable() from None
    host, user, password, base = url.hostname, url.username, url.password, url.path.removeprefix("/")
    if url.scheme not in ("postgres", "postgresql") or not (host and user and password and base):
        raise _unreadable()
    # ``urlsplit`` leaves percent escapes as they are.
    return Login(host=host, port=port, user=unquote(user), password=unquote(password), base=unquote(base))


def _unreadable() -> HerokuAmbiguousError:
    # Without the cause, whose own sentences know the answer.
    return HerokuAmbiguousError(200, "unreadable", "the answer could not be read")
