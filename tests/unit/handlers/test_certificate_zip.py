"""A certificate's zip: each file is read by an independent reader of its format."""

import io
import shutil
import stat
import subprocess
import zipfile
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)

from bot.domain.mtls.connection_parameters import ConnectionParameters
from bot.i18n.translator import Translator
from bot.ports import Credential
from bot.services import CertificateFiles
from handlers.web.certificate_zip import zipped
from handlers.web.key_formats import converted, is_password, new_password
from sandbox.heroku.model.certificate_authority import Authority, KeyFormat
from tests.unit import factories
from tests.unit.factories import NOW

PASSWORD = "abcde-fghjk-mnpqr-stuvw-xyz23"
MAC_SHA1 = bytes.fromhex("06052b0e03021a")
"""DER of the object identifier of SHA-1 (1.3.14.3.2.26)."""

TRIPLE_DES = bytes.fromhex("060a2a864886f70d010c0103")
"""DER of that of PBE with SHA-1 and triple DES (1.2.840.113549.1.12.1.3)."""


@cache
def issued(form: KeyFormat = "pkcs8") -> Credential:
    authority = Authority("authority", since=NOW)
    made = authority.client("db.example.com", serial=7, since=NOW, until=NOW + timedelta(days=365), form=form)
    return Credential(chain=made.chain, key=made.key)


def unzipped(credential: Credential, *, password: str | None = PASSWORD) -> dict[str, bytes]:
    with archive(credential, password=password) as found:
        return {name: found.read(name) for name in found.namelist()}


def archive(credential: Credential, *, password: str | None = PASSWORD) -> zipfile.ZipFile:
    files = CertificateFiles(
        database=factories.database(),
        handle="17",
        credential=credential,
        root=issued().chain,
        parameters=ConnectionParameters(host="db.example.com", port=5432, base="d8f2kq", user="u5vwx"),
    )
    return zipfile.ZipFile(io.BytesIO(zipped(files, password=password, at=NOW, t=Translator("en"))))


def public(key: object) -> bytes:
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
def test_every_format_holds_the_same_key(form: KeyFormat) -> None:
    files = unzipped(issued(form))
    expected = public(load_pem_private_key(files["postgresql.key"], None))
    assert files["postgresql.key"].decode() == issued(form).key
    assert public(load_der_private_key(files["postgresql.pk8"], None)) == expected
    store = pkcs12.load_pkcs12(files["postgresql.p12"], PASSWORD.encode())
    assert public(store.key) == expected


def test_the_key_in_der_is_pkcs_8_and_not_encrypted() -> None:
    key = load_der_private_key(unzipped(issued("traditional"))["postgresql.pk8"], None)
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert unzipped(issued("traditional"))["postgresql.pk8"] == plain


def test_the_key_store_holds_the_certificate_and_its_issuer_under_the_name_that_pgjdbc_looks_for() -> None:
    store = pkcs12.load_pkcs12(unzipped(issued())["postgresql.p12"], PASSWORD.encode())
    leaf, issuer = x509.load_pem_x509_certificates(issued().chain.encode())
    assert store.cert is not None
    assert (store.cert.certificate, store.cert.friendly_name) == (leaf, b"user")
    assert [each.certificate for each in store.additional_certs] == [issuer]


def test_the_key_store_is_encrypted_as_every_reader_knows_it() -> None:
    content = unzipped(issued())["postgresql.p12"]
    assert content.count(TRIPLE_DES) == 2
    assert MAC_SHA1 in content
    # Neither PBES2, which old readers do not know, nor RC2, which new ones left out.
    assert bytes.fromhex("06092a864886f70d01050d") not in content
    assert bytes.fromhex("060a2a864886f70d010c0106") not in content


@pytest.mark.parametrize("wrong", ["", "abcde", PASSWORD.upper()])
def test_no_other_password_opens_the_key_store(wrong: str) -> None:
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12(unzipped(issued())["postgresql.p12"], wrong.encode())


def test_the_password_is_in_no_file() -> None:
    files = unzipped(issued())
    assert [name for name, content in files.items() if PASSWORD.encode() in content] == []


def test_without_a_password_there_is_no_key_store() -> None:
    files = unzipped(issued(), password=None)
    assert "postgresql.p12" not in files
    assert "postgresql.pk8" in files


def test_only_the_owner_can_read_what_holds_the_key() -> None:
    with archive(issued()) as found:
        modes = {entry.filename: stat.filemode(entry.external_attr >> 16) for entry in found.infolist()}
    private = {name for name, mode in modes.items() if mode == "-rw-------"}
    assert private == {"postgresql.key", "postgresql.pk8", "postgresql.p12"}
    assert {mode for name, mode in modes.items() if name not in private} == {"-rw-r--r--"}
    assert len(modes) == 16


def test_a_key_of_rsa_is_converted_too() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    found = converted(Credential(chain=issued().chain, key=pem), password=None)
    assert found is not None
    assert public(load_der_private_key(found.pk8, None)) == public(key)


@pytest.mark.parametrize("case", ["text", "encrypted", "another kind", "another certificate's", "no chain"])
def test_a_key_that_cannot_be_converted_is_delivered_as_it_is(case: str) -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush"))
    broken = {
        "text": Credential(chain=issued().chain, key="k"),
        "encrypted": Credential(chain=issued().chain, key=encrypted.decode()),
        "another kind": Credential(
            chain=issued().chain,
            key=other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        ),
        "another certificate's": Credential(
            chain=issued().chain,
            key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        ),
        "no chain": Credential(chain="c", key=issued().key),
    }[case]
    files = unzipped(broken)
    assert files["postgresql.key"].decode() == broken.key
    assert files["postgresql.crt"].decode() == broken.chain
    assert not {"postgresql.pk8", "postgresql.p12"} & set(files)
    assert "openssl pkcs8 -topk8" in files["clients/jdbc.txt"].decode()


def test_a_converted_key_is_in_no_repr() -> None:
    found = converted(issued(), password=PASSWORD)
    assert found is not None
    assert repr(found) == "ConvertedKey()"


def test_passwords_are_long_easy_to_type_and_never_the_same() -> None:
    made = {new_password() for _ in range(500)}
    assert len(made) == 500
    assert all(is_password(each) for each in made)
    assert not set("".join(made)) & set("il1o0 '\"$&;=")


@pytest.mark.parametrize(
    "text", ["", "abcde", PASSWORD.upper(), f"{PASSWORD}-abcde", f"{PASSWORD}\n", "a" * 29]
)
def test_what_was_not_made_here_is_no_password(text: str) -> None:
    assert not is_password(text)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl: apt-get install openssl")
def test_openssl_reads_the_key_store_without_its_legacy_provider(tmp_path: Path) -> None:
    (tmp_path / "a.p12").write_bytes(unzipped(issued())["postgresql.p12"])
    command = ["openssl", "pkcs12", "-in", "a.p12", "-passin", f"pass:{PASSWORD}", "-nodes"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "friendlyName: user" in ran.stdout
    assert ran.stdout.count("BEGIN CERTIFICATE") == 2
    assert "BEGIN PRIVATE KEY" in ran.stdout
