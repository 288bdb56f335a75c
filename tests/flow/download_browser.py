"""A user's browser without a screen: opens a download link and presses the page's button."""

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import httpx

from tests.flow.actions import Acts

LINK = re.compile(r"<(http://127\.0\.0\.1:[0-9]+/c/[0-9a-f-]{36})#([A-Za-z0-9_-]{43})\|")
"""A link in Slack's markup."""

OTHER = "A" * 43
"""A secret that is not the link's."""


@dataclass(frozen=True)
class Link:
    """The two halves of a link: only the first is sent as part of the URL."""

    address: str
    secret: str

    @classmethod
    def newest(cls, acts: Acts, person: str = "engineer") -> Self:
        """Returns the newest link in a person's direct messages."""
        found = links(acts, person)
        assert found, acts.direct(person)
        return cls(*found[-1])

    @property
    def id(self) -> str:
        return urlsplit(self.address).path.removeprefix("/c/")


def links(acts: Acts, person: str = "engineer") -> list[tuple[str, str]]:
    """Returns every link in a person's direct messages."""
    return [match for said in acts.direct(person) for match in LINK.findall(said)]


async def opened(link: Link, *, method: str = "GET", language: str = "en") -> httpx.Response:
    """Returns the page of a link."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(method, link.address, headers={"Accept-Language": language})


def password_in(page: str) -> str:
    """Returns the password of the ``.p12`` that a page shows."""
    (found,) = re.findall(r'name="p12_password" value="([^"]+)"', page)
    return str(found)


async def pressed(
    link: Link, *, secret: str | None = None, password: str | None = None, language: str = "en"
) -> httpx.Response:
    """Returns the response to the page's button; the password is the one that the page showed."""
    form = {"secret": link.secret if secret is None else secret}
    if password is not None:
        form["p12_password"] = password
    async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
        return await client.post(link.address, data=form, headers={"Accept-Language": language})


def unpacked_bytes(answer: httpx.Response) -> dict[str, bytes]:
    """Returns the files of a zip, by name."""
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def unpacked(answer: httpx.Response) -> dict[str, str]:
    """Returns the files of a zip that are text, by name."""
    found = unpacked_bytes(answer)
    return {name: content.decode() for name, content in found.items() if not name.endswith((".pk8", ".p12"))}
