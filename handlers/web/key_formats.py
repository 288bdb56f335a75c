"""A certificate's private key in the formats of clients that do not read PEM, converted in memory.

- ``.pk8``: PKCS #8 in DER, not encrypted, as pgjdbc reads it (pgjdbc documentation, "sslkey").
- ``.p12``: PKCS #12 with the key, the certificate and its issuers, for Java, Windows and .NET.
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from bot.ports import Credential

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that are not mistaken for each other when a password is typed; no client quotes them."""

_GROUPS: Final = 5
_GROUP: Final = 5
"""25 characters of 31 are 123 bits, which nobody finds by trying, however fast one try is."""

_PASSWORD: Final = re.compile(rf"[{_LETTERS}]{{{_GROUP}}}(?:-[{_LETTERS}]{{{_GROUP}}}){{{_GROUPS - 1}}}")

ALIAS: Final = b"user"
"""Name of the entry. pgjdbc looks for no other (``PKCS12KeyManager``, 42.2.9 and newer)."""

_ROUNDS: Final = 2048
"""Iterations of the key derivation, OpenSSL's default; more would protect nothing that is random."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertedKey:
    """A private key in other formats.

    Attributes:
        pk8: PKCS #8 in DER, not encrypted.
        p12: PKCS #12; None where no password was given.
    """

    pk8: bytes = field(repr=False)
    p12: bytes | None = field(repr=False)


def new_password() -> str:
    """Return a random password for a ``.p12``, in groups that can be read and typed."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def is_password(text: str) -> bool:
    """Whether a text has the form of `new_password`: a browser sends it back, and none that is weaker."""
    return _PASSWORD.fullmatch(text) is not None


def converted(credential: Credential, *, password: str | None) -> ConvertedKey | None:
    """Return the key in the other formats; None where it is no EC or RSA key that can be read.

    Args:
        credential: Certificate with its chain, and its key, PEM.
        password: Password of the ``.p12``; None makes none.
    """
    try:
        key = load_pem_private_key(credential.key.encode(), None)
        if not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
            return None
        pk8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        p12 = None if password is None else _pkcs12(key, credential.chain, password)
    # A `TypeError`: the key is encrypted.
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return None
    return ConvertedKey(pk8=pk8, p12=p12)


def _pkcs12(key: EllipticCurvePrivateKey | RSAPrivateKey, chain: str, password: str) -> bytes:
    certificate, *issuers = x509.load_pem_x509_certificates(chain.encode())
    return pkcs12.serialize_key_and_certificates(ALIAS, key, certificate, issuers, _encryption(password))


def _encryption(password: str) -> KeySerializationEncryption:
    """Return triple DES with SHA-1, as RFC 7292 defines it: the one that every reader has.

    AES with SHA-256, today's default elsewhere, is unknown to Java before 8u301, to Windows Server 2016 and
    to the keychain of macOS; RC2, the former default, is not in OpenSSL 3 without its legacy provider. What
    the password protects is not weaker for it: the password is random, and the same key is beside it in PEM.
    """
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(_ROUNDS).hmac_hash(SHA1())
    triple_des = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC
    return builder.key_cert_algorithm(triple_des).build(password.encode())
