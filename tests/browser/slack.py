"""Drives the page as people use it: by the labels of buttons and fields, each in a window of their own."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PICTURES: Final = Path(__file__).parents[2] / "pictures"
"""Folder of screenshots for people to look at; not in version control."""

DIRECT: Final = "direct messages"
"""The bot's direct messages to a person."""

HOME: Final = "home"
"""A person's home tab."""

WIDE: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 390, "height": 844}
PATIENCE_MS: Final = 15_000
"""Milliseconds until what is expected counts as missing; it usually takes a tenth of a second."""

CLOCK: Final = {"15m": "clock-add-15min", "1h": "clock-add-1h", "8h": "clock-add-8h", None: "clock-next"}
"""Buttons that move business time; None is to the next event."""

PRIVATE: Final = "[data-testid='message'].ephemeral"
"""Ephemeral messages."""

TOLD: Final = f"""([before, sought]) => {{
    for (const message of document.querySelectorAll("{PRIVATE}")) {{
        const found = message.textContent.replace(/\\s+/g, " ").match(new RegExp(sought));
        if (message.dataset.ts > before && found) return found[1] ?? found[0];
    }}
    return null;
}}"""
"""Finds a pattern in the ephemeral messages after a moment."""

NEWS: Final = "**/_emulator/state*"
"""URL of the page's poll for changes."""

GREETS: Final = """(person) => fetch("/_emulator/say", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ as: person, channel: "C0GENERAL", text: "Good morning" }) })"""
"""Posts a message, so that the poll returns."""

READY: Final = """(count) => [...document.querySelectorAll("[data-testid='certificate']")]
    .filter((one) => one.textContent.includes("ready")).length === count"""
"""Whether Heroku shows a number of ready client certificates."""

SHOWN_HOME: Final = """(person) => fetch(`/_emulator/state?as=${person}&since=-1`)
    .then((answer) => answer.json()).then(({ home }) => home?.blocks[0].block_id ?? "")"""
"""Returns the id of the first block of a person's present home tab."""


class Person:
    """A person of the workspace in a browser window of their own.

    Args:
        browser: a Chromium.
        address: of the page.
        name: in the workspace, such as ``engineer-2``.

    Attributes:
        page: the window, for what has no words here.
    """

    def __init__(self, browser: Any, address: str, name: str) -> None:
        self._name = name
        self._complaints: list[str] = []
        self._before = ""
        self._context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
        self._context.set_default_timeout(PATIENCE_MS)
        self.page = self._context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self._complaints.append(str(error)))
        self.page.goto(f"{address}/?as={id_of(name)}")
        self._is_shown_as(name)

    def leaves(self) -> None:
        """Close the window.

        Raises:
            AssertionError: The browser reported an error of the page.
        """
        self._context.close()
        assert not self._complaints, self._complaints

    def resets(self) -> None:
        """Close a form that was left open."""
        if self.form.count():
            self.page.keyboard.press("Escape")
            self.form.wait_for(state="detached")

    def becomes(self, name: str) -> None:
        """Switch to another person in the same window."""
        self.page.get_by_test_id(f"person-{id_of(name)}").click()
        self._is_shown_as(name)

    def uses_a_wide_window(self) -> None:
        """Restore the width of the window, and its first person."""
        self.page.set_viewport_size(WIDE)
        self.becomes(self._name)

    # --- messages --------------------------------------------------------------------------------

    def types(self, line: str, *, place: str = "general") -> None:
        """Type a line in a channel and send it with Enter."""
        self.looks_at(place)
        self._acts()
        self.page.get_by_test_id("composer").fill(line)
        self.page.keyboard.press("Enter")

    def looks_at(self, place: str) -> None:
        """Open a channel, the direct messages or the home tab, unless it is open."""
        test_id = "channel-[DU]" if place in (DIRECT, HOME) else f"channel-C0{place.upper()}$"
        channel = self.page.get_by_test_id(re.compile(f"^{test_id}"))
        at_home = self.page.get_by_test_id("home").is_visible()
        # The direct messages begin as another place, which goes away once the bot has written.
        if place == HOME and not at_home:
            self._goes_home(channel)
        elif channel.get_attribute("aria-current") is None or at_home is not (place == HOME):
            channel.click()

    def sees(self, *texts: str, place: str | None = None, times: int = 1) -> None:
        """Wait until a message contains all texts, in a place or the open one; threads are unfolded."""
        if place:
            self.looks_at(place)
        if place == HOME:
            for text in texts:
                self.page.get_by_test_id("home").get_by_text(text).first.wait_for()
            return
        folded = self.page.locator("[data-testid='thread'][aria-expanded='false']")
        said = self._said(*texts).nth(times - 1)
        said.or_(folded.first).first.wait_for()
        while folded.count():
            folded.first.click()
        said.wait_for()

    def sees_not(self, text: str, *, place: str | None = None) -> None:
        """Check that no message contains a text.

        Raises:
            AssertionError: One does.
        """
        if place:
            self.looks_at(place)
        assert self._said(text).count() == 0, text

    def is_told(self, text: str | re.Pattern[str]) -> str:
        """Wait for an ephemeral message in response to the person's last action.

        Returns:
            The first group of a pattern, or the whole match.
        """
        sought = text.pattern if isinstance(text, re.Pattern) else re.escape(text)
        told: str = self.page.wait_for_function(TOLD, arg=[self._before, sought]).json_value()
        return told

    def presses(self, label: str, *, on: str = "", place: str | None = None, sure: str | None = None) -> None:
        """Press a button of the newest message with a text.

        Args:
            label: what stands on the button.
            on: what the message says; on the home tab, what stands above the button.
            place: where it is; None is where one looks.
            sure: the answer when the page asks back, None where it must not.
        """
        if place:
            self.looks_at(place)
        self._acts()
        button = self._button(label, on, place)
        if sure:
            button.click()
            asked = self.page.get_by_test_id("confirm")
            asked.get_by_role("button", name=sure, exact=True).click()
            asked.wait_for(state="detached")
        else:
            button.click()

    @contextlib.contextmanager
    def hears_late(self) -> Iterator[None]:
        """Hold back changes from the page for a while, as on a slow connection."""
        held: list[Any] = []
        self.page.route(NEWS, lambda question: held.append(question))
        self.page.evaluate(GREETS, id_of(self._name))
        while not held:  # the question that was under way is answered, and the next one waits
            self.page.wait_for_timeout(20)
        yield
        self.page.unroute(NEWS)  # what was held goes its way

    def starts(self, shortcut: str) -> None:
        """Start a global shortcut of the app from the menu beside the message box."""
        self.looks_at("general")
        self._acts()
        self.page.get_by_test_id("shortcuts").click()
        self.page.get_by_role("menuitem", name=shortcut).click()

    # --- the open form ---------------------------------------------------------------------------

    @property
    def form(self) -> Any:
        """The open form."""
        return self.page.get_by_role("dialog")

    def writes(self, text: str, *, into: str) -> None:
        """Fill in a field of the form, by its label."""
        self.form.get_by_label(into).fill(text)

    def sends(self) -> None:
        """Submit the form."""
        self._acts()
        self.form.get_by_test_id("modal-submit").click()

    def sees_in_form(self, text: str) -> None:
        """Wait until the form contains a text."""
        self.form.get_by_text(text).first.wait_for()

    def finds_wrong(self, field: str, why: str) -> None:
        """Wait until a field is marked as invalid, with the reason as its accessible description."""
        control = self.form.get_by_label(field)
        self.form.locator("[aria-invalid='true']").and_(control).wait_for()
        described = (control.get_attribute("aria-describedby") or "").split()
        self.form.locator(", ".join(f"#{one}" for one in described)).filter(has_text=why).wait_for()

    # --- pictures --------------------------------------------------------------------------------

    def pictured(self, name: str) -> None:
        """Take screenshots, wide and as on a phone, light and dark.

        Raises:
            AssertionError: The page is wider than the window.
        """
        PICTURES.mkdir(exist_ok=True)
        for size in (PHONE, WIDE):
            self.page.set_viewport_size(size)
            for scheme in ("dark", "light"):
                self.page.emulate_media(color_scheme=scheme)
                self.page.screenshot(path=PICTURES / f"{name}-{size['width']}-{scheme}.png")
            assert self.page.evaluate("document.documentElement.scrollWidth") <= size["width"]

    def _goes_home(self, channel: Any) -> None:
        """Open the home tab, and wait until the bot has published it again: old buttons are void."""
        old = self.page.evaluate(SHOWN_HOME, id_of(self._name))
        channel.click()
        self.page.get_by_test_id("tab-home").click()
        self.page.locator(f"#home > :first-child:not([data-key='{old}'])").wait_for()

    def _is_shown_as(self, name: str) -> None:
        self.page.locator(f"[data-testid='person-{id_of(name)}'][aria-pressed='true']").wait_for()

    def _said(self, *texts: str) -> Any:
        said = self.page.get_by_test_id("message")
        for text in texts:
            said = said.filter(has_text=text)
        return said

    def _button(self, label: str, on: str, place: str | None) -> Any:
        button = self.page.get_by_role("button", name=label, exact=True)
        if place == HOME:
            # The tab is a flat list: what is said, and below it the buttons for that.
            said = self.page.get_by_test_id("home").locator("> *").filter(has_text=on).first
            said = said.locator("xpath=following-sibling::*[.//button][1]")
        else:
            said = self._said(on).filter(has=button).last
        return said.get_by_role("button", name=label, exact=True)

    def _acts(self) -> None:
        """Remember the newest ephemeral message, so that later ones are responses to the next action."""
        stamps = self.page.locator(PRIVATE).evaluate_all("nodes => nodes.map((node) => node.dataset.ts)")
        self._before = max(stamps, default="")

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self._complaints.append(message.text)


class ControlPanel:
    """The page's control panel: Heroku's state, business time, outages.

    Args:
        page: Any window.
    """

    def __init__(self, page: Any) -> None:
        self._page = page

    def allows(self, network: str) -> None:
        """Wait until Heroku has authorized a network."""
        self._rule(network).and_(self._page.locator("[data-status='Authorized']")).wait_for()

    def allows_no_more(self, network: str) -> None:
        """Wait until Heroku has no rule for a network."""
        self._page.locator(f"[data-testid='rule'][data-cidr='{network}']:not(.gone)").wait_for(
            state="detached"
        )

    def has_certificates(self, count: int) -> None:
        """Wait until Heroku has a number of ready client certificates."""
        self._page.wait_for_function(READY, arg=count)

    def never_allowed(self, network: str) -> None:
        """Check that Heroku has no rule for a network, not even one just removed.

        Raises:
            AssertionError: It has, or had.
        """
        assert self._rule(network).count() == 0, network

    def deletes_externally(self, network: str) -> None:
        """Delete a rule without pgaccess."""
        self._rule(network).get_by_role("button").click()

    def passes(self, length: str | None) -> None:
        """Move business time by one of the page's buttons, None to the next event."""
        self._page.get_by_test_id(CLOCK[length]).click()

    def begins(self, kind: str) -> None:
        """Begin an outage."""
        self._switch(kind, "false")

    def ends(self, kind: str) -> None:
        """End an outage."""
        self._switch(kind, "true")

    def ends_all_outages(self) -> None:
        """End every outage."""
        self._page.get_by_test_id("outages-clear").click()

    def _switch(self, kind: str, checked: str) -> None:
        switch = self._page.get_by_test_id(f"outages-{kind}")
        if not switch.is_visible():
            self._page.get_by_test_id("outages-open").locator("summary").click()
        switch.and_(self._page.locator(f"[aria-checked='{checked}']")).click()

    def _rule(self, network: str) -> Any:
        return self._page.locator(f"[data-testid='rule'][data-cidr='{network}']")


def id_of(name: str) -> str:
    """Return the id of a person of the default workspace: ``engineer-2`` is ``U0ENGINEER2``."""
    return f"U0{name.upper().replace('-', '')}"
