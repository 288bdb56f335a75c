"""Certificate authorities of a database's mTLS endpoint, with real keys.

Each is created when it is first needed: most databases of a test never show a certificate.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE: Final = timedelta(days=3650)
"""Validity of an authority, longer than that of every certificate it signs; Heroku's is not published."""

CRL_LIFE: Final = timedelta(days=30)
"""Validity of a revocation list: longer than any demo runs."""

LONGEST_NAME: Final = 64
"""Characters of a common name (RFC 5280, ub-common-name); a longer host name stands in full beside it."""

KeyFormat = Literal["pkcs8", "traditional"]
"""How a private key is written: ``BEGIN PRIVATE KEY`` or ``BEGIN EC PRIVATE KEY``."""

_SIGNS: Final = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
"""Key usage of an authority: it signs certificates and revocation lists."""

_FORMATS: Final = {"pkcs8": PrivateFormat.PKCS8, "traditional": PrivateFormat.TraditionalOpenSSL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A private key and its certificate chain, PEM.

    Attributes:
        key: The private key; not in the `repr`.
        chain: The certificate, then that of its authority.
    """

    key: str = field(repr=False)
    chain: str


class Authority:
    """A certificate authority.

    Args:
        name: Common name of its certificate.
        since: Start of its validity.
    """

    def __init__(self, name: str, *, since: datetime) -> None:
        self._name = name
        self._since = since

    @property
    def certificate(self) -> str:
        """The authority's own certificate, PEM."""
        return _pem(self._signed)

    def client(
        self, name: str, *, serial: int, since: datetime, until: datetime, form: KeyFormat = "pkcs8"
    ) -> Credential:
        """Return a new key pair for a client.

        Args:
            name: A host name.
            serial: Serial number, positive and of at most 159 bits.
            since: Start of its validity.
            until: End of its validity.
            form: Format of the key.
        """
        return self._issued(
            name, ExtendedKeyUsageOID.CLIENT_AUTH, serial=serial, since=since, until=until, form=form
        )

    def server(self, host: str) -> Credential:
        """Return a new key pair for a server with a host name or an address."""
        return self._issued(
            host,
            ExtendedKeyUsageOID.SERVER_AUTH,
            serial=x509.random_serial_number(),
            since=self._since,
            until=self._since + LIFE,
            form="pkcs8",
        )

    def revocations(self, serials: Iterable[int], *, now: datetime) -> str:
        """Return a certificate revocation list, PEM.

        Args:
            serials: Serial numbers of the revoked certificates.
            now: When the list is issued; it is valid for `CRL_LIFE`.
        """
        builder = x509.CertificateRevocationListBuilder().issuer_name(_common(self._name))
        builder = builder.last_update(now).next_update(now + CRL_LIFE)
        for serial in sorted(serials):
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM).decode()

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def _signed(self) -> x509.Certificate:
        builder = self._builder(self._name, self._key, self._since, self._since + LIFE)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return builder.add_extension(_SIGNS, critical=True).sign(self._key, SHA256())

    def _issued(
        self,
        name: str,
        purpose: x509.ObjectIdentifier,
        *,
        serial: int,
        since: datetime,
        until: datetime,
        form: KeyFormat,
    ) -> Credential:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, key, since, until).serial_number(serial)
        for extension in (
            x509.BasicConstraints(ca=False, path_length=None),
            x509.ExtendedKeyUsage([purpose]),
            x509.SubjectAlternativeName([_general_name(name)]),
        ):
            builder = builder.add_extension(extension, critical=False)
        written = key.private_bytes(Encoding.PEM, _FORMATS[form], NoEncryption()).decode()
        return Credential(key=written, chain=_pem(builder.sign(self._key, SHA256())) + self.certificate)

    def _builder(
        self, name: str, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
    ) -> x509.CertificateBuilder:
        """Return a builder with the common parts of this authority's certificates."""
        # Strict verifiers, such as Python's since 3.13, require the key identifiers.
        mine = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        theirs = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = x509.CertificateBuilder().subject_name(_common(name)).issuer_name(_common(self._name))
        builder = builder.public_key(key.public_key()).not_valid_before(since).not_valid_after(until)
        return builder.add_extension(mine, critical=False).add_extension(theirs, critical=False)


def _common(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_NAME])])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
