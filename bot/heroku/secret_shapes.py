"""The parts of Heroku's answers that are handed out: what cannot be read is never quoted in an error."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.errors import HerokuUnclearError
from bot.ports import Credential

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


_CREDENTIAL: Final = TypeAdapter(_AnyCredential)
_AUTHORITY: Final = TypeAdapter(_Authority)


def read_credential(body: bytes) -> Credential:
    """A certificate with its chain and key; raises ``HerokuUnclearError`` where one is missing."""
    try:
        found = _CREDENTIAL.validate_json(body)
    except ValidationError:
        raise _unreadable() from None
    return Credential(chain=found.certificate_with_chain, key=found.private_key)


def read_authority(body: bytes) -> str:
    """The server's chain, PEM; raises ``HerokuUnclearError`` where it is missing."""
    try:
        return _AUTHORITY.validate_json(body).certificate_authority_chain
    except ValidationError:
        raise _unreadable() from None


def _unreadable() -> HerokuUnclearError:
    # Without the cause, whose own sentences know the answer.
    return HerokuUnclearError(200, "unreadable", "the answer could not be read")
