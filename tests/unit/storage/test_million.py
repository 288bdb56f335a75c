"""The filling of a large store: what it writes is what pgaccess would have written."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.repositories.evidence.verification import Compared, Walk, walk_chain, wrong_rows
from tests.scale import million
from tests.unit.factories import NOW


@pytest.mark.parametrize("age", [timedelta(), timedelta(hours=3)])
async def test_a_filled_store_verifies(engine: AsyncEngine, database_url: str, age: timedelta) -> None:
    lines = million.fill(database_url, requests=45, now=NOW - age)
    walk, compared = Walk(), Compared()
    async with engine.connect() as connection:
        found = [each async for each in walk_chain(connection, walk)]
        found += [each async for each in wrong_rows(connection, compared)]
    assert found == []
    assert (walk.lines, walk.sealed, compared.requests, compared.without_terms) == (lines, lines, 45, 0)
