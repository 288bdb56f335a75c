"""``make pictures``: runs the demo in Chromium and writes the pictures of the documentation.

Each picture is a PNG of at most `LARGEST` bytes in ``docs/pictures``, cropped to what matters.
"""

import base64
import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sandbox.environment import HEROKU_TOKEN, POLICY
from sandbox.heroku.fixtures import DATABASE, default_world
from sandbox.postgres import private_postgres
from storage.migrate import migrate
from tests.browser.chromium import NoBrowserError, launched
from tests.browser.page_driver import Session, open_session
from tests.browser.slack import DIRECT, HOME, Person

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"

LARGEST: Final = 150_000
"""Bytes of a picture: the documentation is read on phones, and every clone has the pictures."""

SCALES: Final = (2.0, 1.5, 1.25, 1.0)
"""Device scale factors, the sharpest first; the first whose picture is small enough is taken."""

PATIENCE_MS: Final = 90_000
"""Milliseconds that the page may take to show something; a busy machine is no reason to fail here."""

WINDOW: Final = {"width": 1180, "height": 900}

MARGIN: Final = 16
"""CSS pixels at the right of a picture of several elements; a message has a padding of its own."""


def main() -> int:
    """Write every picture; return 2 if there is no browser."""
    try:
        with launched() as browser:
            FOLDER.mkdir(parents=True, exist_ok=True)
            with _session(browser, POLICY) as session:
                _english(session)
            with _session(browser, f'language = "ja"\n{POLICY}') as session:
                _japanese(session)
    except NoBrowserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


@contextlib.contextmanager
def _session(browser: Any, policy: str) -> Iterator[Session]:
    """Run the demo with a policy, and its page in windows of its people."""
    with private_postgres() as postgres:
        migrate(postgres.url())
        heroku = default_world(token=HEROKU_TOKEN)
        with open_session(browser, postgres.url(), heroku, policy) as session:
            yield session


def _english(session: Session) -> None:
    engineer, lead = _window(session.engineer), _window(session.lead)
    engineer.types("/pgaccess mtls add 203.0.113.4 for 8h because nightly export to the warehouse")
    engineer.is_told("Request #1 submitted")
    lead.sees("#1 is waiting for approval from", place="approvals")
    heading = lead.page.get_by_role("heading", name="Heroku, right now")
    database = lead.page.get_by_test_id(f"database-{DATABASE}")
    _write("approve", lead.page, heading, _message(lead, "#1 is waiting"), database)
    lead.presses("Approve", on="#1 is waiting for approval from")
    engineer.sees("can reach billing", "psql", place=DIRECT)
    _write("in-force", engineer.page, _message(engineer, "psql"))
    engineer.types("/pgaccess status billing")
    engineer.is_told("billing")
    _write("status", engineer.page, _message(engineer, "Only visible to you"))
    engineer.types("/pgaccess mtls certificate new on billing because nightly export to the warehouse")
    engineer.is_told("Request #2 submitted")
    lead.presses("Approve", on="#2 is waiting for approval from", place="approvals")
    engineer.sees("certificate #2", "is ready", place=DIRECT)
    engineer.sees("billing", place=HOME)
    _write("home", engineer.page, engineer.page.get_by_test_id("home"))
    engineer.presses("Get the files", on="#2", place=DIRECT)
    _write_download_page(engineer.page)


def _japanese(session: Session) -> None:
    """Write the request card of a policy that posts in Japanese."""
    colleague, lead = _window(session.colleague), _window(session.second_lead)
    colleague.types("/pgaccess mtls add 203.0.113.4 for 8h because 夜間エクスポート")
    lead.looks_at("approvals")
    card = _message(lead, "203.0.113.4/32")
    card.wait_for()
    _write("card-ja", lead.page, card)


def _window(person: Person) -> Person:
    person.page.set_viewport_size(WINDOW)
    person.page.context.set_default_timeout(PATIENCE_MS)
    return person


def _write_download_page(page: Any) -> None:
    link = page.locator("a[href*='/c/']").last
    link.wait_for()
    page.goto(link.get_attribute("href"))
    page.get_by_role("button", name="Download").wait_for()
    _write("download", page, page.locator("main"))


def _message(person: Person, text: str) -> Any:
    return person.page.get_by_test_id("message").filter(has_text=text).last


def _write(name: str, page: Any, *elements: Any) -> None:
    """Write one picture, cropped to some elements of the page."""
    for element in elements:
        element.scroll_into_view_if_needed()
    page.mouse.move(0, 0)  # nothing is hovered
    clip = _around([element.bounding_box() for element in elements])
    for scale in SCALES:
        picture = _screenshot(page, clip, scale)
        if len(picture) <= LARGEST:
            break
    else:
        raise RuntimeError(f"{name} has {len(picture)} bytes; at most {LARGEST} are allowed")
    (FOLDER / f"{name}.png").write_bytes(picture)
    sys.stdout.write(f"{name}.png: {len(picture) / 1000:.0f} kB at scale {scale:g}\n")
    sys.stdout.flush()


def _around(boxes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the smallest box around some boxes, with a margin if there are several."""
    left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
    margin = MARGIN if len(boxes) > 1 else 0
    right = max(box["x"] + box["width"] for box in boxes) + margin
    bottom = max(box["y"] + box["height"] for box in boxes)
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def _screenshot(page: Any, clip: Mapping[str, float], scale: float) -> bytes:
    devtools = page.context.new_cdp_session(page)
    # Playwright's screenshots have the scale of their window; this call takes one of its own.
    taken = devtools.send("Page.captureScreenshot", {"format": "png", "clip": {**clip, "scale": scale}})
    devtools.detach()
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    sys.exit(main())
