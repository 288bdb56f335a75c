"""The name under which a browser saves a certificate's files."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports import Credential
from bot.services import CertificateFiles
from handlers.web.download_page import FILE_NAME, file_name
from tests.unit import factories


def files(app: str, handle: str = "17") -> CertificateFiles:
    return CertificateFiles(
        database=replace(factories.database(), app=app),
        handle=handle,
        credential=Credential(chain="c", key="k"),
        root="r",
    )


@pytest.mark.parametrize(
    ("app", "part"),
    [
        ("billing", "billing"),
        ("acme-billing.eu", "acme-billing.eu"),
        ("a\r\nSet-Cookie: x=1", "a-Set-Cookie-x-1"),
        ('a"; filename="b.exe', "a-filename-b.exe"),
        ("請求", "database"),
        ("../../etc", "etc"),
        ("", "database"),
        ("a" * 300, "a" * FILE_NAME),
    ],
)
def test_a_file_name_has_nothing_that_a_header_or_a_folder_could_read(app: str, part: str) -> None:
    assert file_name(files(app)) == f"pgaccess-{part}-17.zip"


@given(st.text(st.characters(codec=None)))
def test_every_name_of_an_app_makes_a_header(app: str) -> None:
    name = file_name(files(app))
    name.encode("ascii")
    assert name.isprintable()
    assert not set(name) & set(' "\\/;\r\n%*')
