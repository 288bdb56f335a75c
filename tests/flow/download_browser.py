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


async def pressed(link: Link, *, secret: str | None = None, language: str = "en") -> httpx.Response:
    """Returns the response to the page's button."""
    form = {"secret": link.secret if secret is None else secret}
    async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
        return await client.post(link.address, data=form, headers={"Accept-Language": language})


def unpacked(answer: httpx.Response) -> dict[str, str]:
    """Returns the files of a zip, by name."""
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}
