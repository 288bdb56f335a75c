"""Real connections through the TLS gateway: ``psql`` gets in where Slack says so, and nowhere else."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from sandbox.heroku.fixtures import DATABASE
from sandbox.tls_gateway import TlsGateway
from tests.flow.actions import Acts
from tests.flow.psql_client import LINE, Said, Visitor, line_in, raised_or_skipped
from tests.summary import GATEWAY

MINE, NEIGHBOUR = "203.0.113.4", "203.0.113.5"


@pytest.fixture
async def gateway(acts: Acts) -> AsyncIterator[TlsGateway]:
    """The TLS gateway in front of the app ``billing``'s database."""
    async with raised_or_skipped(acts.environment.heroku, DATABASE) as gateway:
        gateway.set_source(MINE)
        yield gateway


@pytest.fixture
def visitor(acts: Acts, tmp_path: Path) -> Visitor:
    return Visitor(acts.environment.heroku, tmp_path)


async def certified(acts: Acts, visitor: Visitor) -> UUID:
    """Requests a certificate as the engineer, approves it, and downloads its files by the bot's link."""
    await acts.ask("/pgaccess mtls certificate new on billing because nightly export")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "is ready"))
    assert (await acts.press_own("engineer", "certificate.files")).ok
    await acts.until(lambda: acts.told("engineer", "/c/"))
    [told] = acts.told("engineer", "/c/")
    [link] = re.findall(r"<(http[^|>]+/c/[^|>]+)\|", told)
    await visitor.follows(link)
    return acts.environment.heroku.certificates(DATABASE, now=datetime.now(UTC))[-1].id


class Record:
    """Records each attempt for the summary of the test run."""

    def __init__(self, keep: Callable[[str, object], None]) -> None:
        self._keep = keep

    def __call__(self, attempt: str, said: Said) -> Said:
        self._keep(GATEWAY, f"{attempt:32}  {said.words}")
        return said


@pytest.fixture
def said(record_property: Callable[[str, object], None]) -> Record:
    return Record(record_property)


async def test_a_grant_opens_the_gateway_and_its_end_closes_it(
    acts: Acts, gateway: TlsGateway, visitor: Visitor, said: Record
) -> None:
    certificate = await certified(acts, visitor)
    before = said("before the grant", await visitor.pastes(LINE))
    await acts.ask_and_open()
    [told] = acts.told("engineer", "psql")
    line = line_in(told)
    during = said("in force", await visitor.pastes(line))
    gateway.set_source(NEIGHBOUR)
    neighbour = said("in force, from another address", await visitor.pastes(line))
    gateway.set_source(MINE)
    await acts.press_own("engineer", "grant.done")
    await acts.until(lambda: acts.told("engineer", "has ended*"))
    after = said("after the end", await visitor.pastes(line))

    for refused in (before, neighbour, after):
        assert not refused.allowed
        assert "no pg_hba.conf entry" in refused.words
    assert during.allowed
    assert during.words == f"1|t|{certificate.int}"


async def test_without_a_certificate_that_is_believed_an_address_alone_opens_nothing(
    acts: Acts, gateway: TlsGateway, visitor: Visitor, said: Record
) -> None:
    await acts.ask_and_open()
    certificate = await certified(acts, visitor)
    assert said("with the three files", await visitor.pastes(LINE)).allowed

    bare = 'PGSSLMODE=require psql "$(heroku config:get DATABASE_URL -a billing)"'
    missing = said("without the files", await visitor.pastes(bare))
    plain = said("without TLS", await visitor.pastes(bare.replace("require", "disable")))
    (visitor.folder / "postgresql.key").chmod(0o644)
    careless = said("with a key that others can read", await visitor.pastes(LINE))
    (visitor.folder / "postgresql.key").chmod(0o600)
    acts.environment.heroku.delete_certificate_externally(DATABASE, certificate, now=datetime.now(UTC))
    removed = said("with a removed certificate", await visitor.pastes(LINE))

    assert "requires a valid client certificate" in missing.words
    assert "no pg_hba.conf entry" in plain.words
    assert "has group or world access" in careless.words
    assert "certificate revoked" in removed.words
    assert not any(each.allowed for each in (missing, plain, careless, removed))
