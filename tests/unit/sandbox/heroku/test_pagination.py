"""Lists in parts. Facts: Heroku Platform API reference, "Ranges"; what heroku-go writes."""

import httpx
import pytest

from sandbox.heroku import HerokuEmulator, Refused
from sandbox.heroku.pagination import PageRange


@pytest.fixture
def heroku(heroku: HerokuEmulator) -> HerokuEmulator:
    """The default world with 1,005 apps."""
    for number in range(1002):
        heroku.add_app(f"app-{number:04}", space=None)
    return heroku


async def pages(api: httpx.AsyncClient, wanted: str | None) -> list[list[str]]:
    """Read a list as the official CLI does: as long as there is a `Next-Range`."""
    found = []
    while wanted is not None:
        answer = await api.get("/apps", headers={"Range": wanted} if wanted else {})
        assert answer.status_code == (206 if "Next-Range" in answer.headers else 200)
        found.append([app["id"] for app in answer.json()])
        wanted = answer.headers.get("Next-Range")
    return found


@pytest.mark.parametrize(
    ("wanted", "sizes"),
    [
        ("", [200, 200, 200, 200, 200, 5]),  # 200 a page unless asked otherwise
        ("id ..; max=1000", [1000, 5]),
        ("..; max=1000", [1000, 5]),  # heroku-go may leave the field out
        ("id ..; max=1000,order=desc", [1000, 5]),
        ("name ..; order=desc; max=600", [600, 405]),
    ],
)
async def test_following_next_range_reads_everything_once(
    api: httpx.AsyncClient, wanted: str, sizes: list[int]
) -> None:
    found = await pages(api, wanted)

    assert [len(page) for page in found] == sizes
    assert len({item for page in found for item in page}) == 1005


async def test_items_come_in_order_and_backwards_when_asked(api: httpx.AsyncClient) -> None:
    forwards = await api.get("/apps", headers={"Range": "name ..; max=3"})
    backwards = await api.get("/apps", headers={"Range": "name ..; max=2, order=desc"})

    assert [app["name"] for app in forwards.json()] == ["app-0000", "app-0001", "app-0002"]
    assert forwards.headers["Next-Range"] == "name ]app-0002..; max=3"
    assert [app["name"] for app in backwards.json()] == ["website", "ledger"]
    assert backwards.headers["Next-Range"] == "name ]ledger..; max=2,order=desc"


async def test_both_ends_of_a_range_can_be_given(api: httpx.AsyncClient) -> None:
    answer = await api.get("/apps", headers={"Range": "name app-0007..app-0009"})

    assert answer.status_code == 200
    assert [app["name"] for app in answer.json()] == ["app-0007", "app-0008", "app-0009"]


@pytest.mark.parametrize(
    "wanted",
    [
        "nonsense",
        "bytes=0-99",
        "id ..; max=0",
        "id ..; max=1001",
        "id ..; max=many",
        "id ..; order=random",
        "id ..; colour=red",
        "owner ..",
    ],
)
async def test_nonsense_is_not_satisfiable(api: httpx.AsyncClient, wanted: str) -> None:
    # Platform API reference: 416 `requested_range_not_satisfiable`; 1000 items at most.
    answer = await api.get("/apps", headers={"Range": wanted})

    assert answer.status_code == 416
    assert answer.json()["id"] == "requested_range_not_satisfiable"


def test_what_a_range_writes_it_reads() -> None:
    for asked in (
        PageRange(),
        PageRange(first="a", after=True, most=7),
        PageRange(field="name", descending=True),
    ):
        assert PageRange.of(asked.header()) == asked
    with pytest.raises(Refused):
        PageRange.of("id ]a")
