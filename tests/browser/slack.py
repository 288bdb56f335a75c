"""The page as people use it: each at a window of their own, by what buttons and fields are called."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PICTURES: Final = Path(__file__).parents[2] / "pictures"
"""Where pictures are kept, to be looked at; not in version control."""

DIRECT: Final = "direct messages"
"""The place where the bot writes to one person."""

HOME: Final = "home"
"""The place where the bot shows one person what matters to them."""

WIDE: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 390, "height": 844}
PATIENCE_MS: Final = 15_000
"""Milliseconds that something may take to be seen; usually it takes a tenth of a second."""

CLOCK: Final = {"15m": "clock-add-15min", "1h": "clock-add-1h", "8h": "clock-add-8h", None: "clock-next"}
"""The buttons that move business time, None to the next event."""

PRIVATE: Final = "[data-testid='message'].ephemeral"
"""What only the reader can see."""

TOLD: Final = f"""([before, sought]) => {{
    for (const message of document.querySelectorAll("{PRIVATE}")) {{
        const found = message.textContent.replace(/\\s+/g, " ").match(new RegExp(sought));
        if (message.dataset.ts > before && found) return found[1] ?? found[0];
    }}
    return null;
}}"""
"""Finds a pattern in what was said privately after a moment."""

NEWS: Final = "**/_emulator/state*"
"""Where the page hears what is new."""

GREETS: Final = """(person) => fetch("/_emulator/say", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ as: person, channel: "C0GENERAL", text: "Good morning" }) })"""
"""Says something that changes nothing but what there is to hear."""

READY: Final = """(count) => [...document.querySelectorAll("[data-testid='certificate']")]
    .filter((one) => one.textContent.includes("ready")).length === count"""
"""Whether Heroku has so many client certificates that work."""

SHOWN_HOME: Final = """(person) => fetch(`/_emulator/state?as=${person}&since=-1`)
    .then((answer) => answer.json()).then(({ home }) => home?.blocks[0].block_id ?? "")"""
"""Finds the first block of somebody's home tab as it is now."""


class Person:
    """Somebody in the workspace, before a browser window that is only theirs.

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
        """Closes the window, which must not have complained.

        Raises:
            AssertionError: the browser reported an error of the page's.
        """
        self._context.close()
        assert not self._complaints, self._complaints

    def resets(self) -> None:
        """Closes a form that was left open."""
        if self.form.count():
            self.page.keyboard.press("Escape")
            self.form.wait_for(state="detached")

    def becomes(self, name: str) -> None:
        """Goes on as somebody else at the same window."""
        self.page.get_by_test_id(f"person-{id_of(name)}").click()
        self._is_shown_as(name)

    def uses_a_wide_window(self) -> None:
        """Has a window as wide as usual again, and is who they were at first."""
        self.page.set_viewport_size(WIDE)
        self.becomes(self._name)

    # --- messages --------------------------------------------------------------------------------

    def types(self, line: str, *, place: str = "general") -> None:
        """Types a line in a channel and sends it with Enter."""
        self.looks_at(place)
        self._acts()
        self.page.get_by_test_id("composer").fill(line)
        self.page.keyboard.press("Enter")

    def looks_at(self, place: str) -> None:
        """Opens a channel, the direct messages or the home tab, unless that is open."""
        test_id = "channel-[DU]" if place in (DIRECT, HOME) else f"channel-C0{place.upper()}$"
        channel = self.page.get_by_test_id(re.compile(f"^{test_id}"))
        at_home = self.page.get_by_test_id("home").is_visible()
        # The direct messages begin as another place, which goes away once the bot has written.
        if place == HOME and not at_home:
            self._goes_home(channel)
        elif channel.get_attribute("aria-current") is None or at_home is not (place == HOME):
            channel.click()

    def sees(self, *texts: str, place: str | None = None, times: int = 1) -> None:
        """Waits until a message says all of this, in a place or where one looks; in threads too."""
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
        """Looks whether something is not said.

        Raises:
            AssertionError: it is.
        """
        if place:
            self.looks_at(place)
        assert self._said(text).count() == 0, text

    def is_told(self, text: str | re.Pattern[str]) -> str:
        """Waits until something is said that only oneself can see, in answer to what one did last.

        Returns:
            What the first group of a pattern stands for, or all that was found.
        """
        sought = text.pattern if isinstance(text, re.Pattern) else re.escape(text)
        told: str = self.page.wait_for_function(TOLD, arg=[self._before, sought]).json_value()
        return told

    def presses(self, label: str, *, on: str = "", place: str | None = None, sure: str | None = None) -> None:
        """Presses a button of the newest message that says something.

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
        """Keeps the window as it is for a while, as where Slack's news are slow to arrive."""
        held: list[Any] = []
        self.page.route(NEWS, lambda question: held.append(question))
        self.page.evaluate(GREETS, id_of(self._name))
        while not held:  # the question that was under way is answered, and the next one waits
            self.page.wait_for_timeout(20)
        yield
        self.page.unroute(NEWS)  # what was held goes its way

    def starts(self, shortcut: str) -> None:
        """Starts one of the app's global shortcuts, from the menu beside the box where one writes."""
        self.looks_at("general")
        self._acts()
        self.page.get_by_test_id("shortcuts").click()
        self.page.get_by_role("menuitem", name=shortcut).click()

    # --- the form in front -----------------------------------------------------------------------

    @property
    def form(self) -> Any:
        """The form in front."""
        return self.page.get_by_role("dialog")

    def writes(self, text: str, *, into: str) -> None:
        """Fills in a field of the form, by its label."""
        self.form.get_by_label(into).fill(text)

    def sends(self) -> None:
        """Sends the form."""
        self._acts()
        self.form.get_by_test_id("modal-submit").click()

    def sees_in_form(self, text: str) -> None:
        """Waits until the form says something."""
        self.form.get_by_text(text).first.wait_for()

    def finds_wrong(self, field: str, why: str) -> None:
        """Waits until a field is marked as wrong, and says why also to who cannot see it."""
        control = self.form.get_by_label(field)
        self.form.locator("[aria-invalid='true']").and_(control).wait_for()
        described = (control.get_attribute("aria-describedby") or "").split()
        self.form.locator(", ".join(f"#{one}" for one in described)).filter(has_text=why).wait_for()

    # --- pictures --------------------------------------------------------------------------------

    def pictured(self, name: str) -> None:
        """Keeps what the window shows, wide and on a phone, light and dark, and leaves it as it was.

        Raises:
            AssertionError: the page is wider than the window.
        """
        PICTURES.mkdir(exist_ok=True)
        for size in (PHONE, WIDE):
            self.page.set_viewport_size(size)
            for scheme in ("dark", "light"):
                self.page.emulate_media(color_scheme=scheme)
                self.page.screenshot(path=PICTURES / f"{name}-{size['width']}-{scheme}.png")
            assert self.page.evaluate("document.documentElement.scrollWidth") <= size["width"]

    def _goes_home(self, channel: Any) -> None:
        """Opens the home tab, and waits until the bot has published it again: the old buttons are void."""
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
        """Notes what had been said privately before: an answer comes after it."""
        stamps = self.page.locator(PRIVATE).evaluate_all("nodes => nodes.map((node) => node.dataset.ts)")
        self._before = max(stamps, default="")

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self._complaints.append(message.text)


class World:
    """What stands beside Slack on the page: Heroku, business time, the outages.

    Args:
        page: anybody's window.
    """

    def __init__(self, page: Any) -> None:
        self._page = page

    def lets_in(self, network: str) -> None:
        """Waits until Heroku has authorised a network."""
        self._rule(network).and_(self._page.locator("[data-status='Authorized']")).wait_for()

    def lets_in_no_more(self, network: str) -> None:
        """Waits until Heroku has no rule for a network."""
        self._page.locator(f"[data-testid='rule'][data-cidr='{network}']:not(.gone)").wait_for(
            state="detached"
        )

    def has_certificates(self, count: int) -> None:
        """Waits until Heroku has so many client certificates that work, disabled ones left out."""
        self._page.wait_for_function(READY, arg=count)

    def never_let_in(self, network: str) -> None:
        """Looks whether Heroku has no rule for a network, not even one just removed.

        Raises:
            AssertionError: it has, or had.
        """
        assert self._rule(network).count() == 0, network

    def somebody_deletes(self, network: str) -> None:
        """Somebody else takes a rule away."""
        self._rule(network).get_by_role("button").click()

    def passes(self, length: str | None) -> None:
        """Moves business time by one of the page's lengths, None to the next event."""
        self._page.get_by_test_id(CLOCK[length]).click()

    def begins(self, kind: str) -> None:
        """Lets a kind of outages begin."""
        self._switch(kind, "false")

    def ends(self, kind: str) -> None:
        """Lets a kind of outages end."""
        self._switch(kind, "true")

    def is_well_again(self) -> None:
        """Lets every kind of outages end."""
        self._page.get_by_test_id("outages-clear").click()

    def _switch(self, kind: str, checked: str) -> None:
        switch = self._page.get_by_test_id(f"outages-{kind}")
        if not switch.is_visible():
            self._page.get_by_test_id("outages-open").locator("summary").click()
        switch.and_(self._page.locator(f"[aria-checked='{checked}']")).click()

    def _rule(self, network: str) -> Any:
        return self._page.locator(f"[data-testid='rule'][data-cidr='{network}']")


def id_of(name: str) -> str:
    """The id of a person of the default workspace: ``engineer-2`` is ``U0ENGINEER2``."""
    return f"U0{name.upper().replace('-', '')}"
