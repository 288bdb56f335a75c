"""Whoever did not download their certificate's files themselves revokes it at once, with one button."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.errors import Refusal, Refused
from sandbox.heroku import fault_injection
from sandbox.heroku.fixtures import DATABASE
from sandbox.slack.delivery import Delivery
from tests.flow.actions import Acts, words
from tests.flow.download_browser import Link, pressed
from tests.flow.test_downloads import ASKS

NOT_ME = "certificate.not_me"


class Downloaded:
    """A certificate of the engineer's whose link somebody has used."""

    def __init__(self, acts: Acts) -> None:
        self.acts = acts

    def click(self) -> Delivery:
        """Builds a press on the owner's message as it is now, to be sent later."""
        acts = self.acts
        message = next(m for m in acts.messages("@pgaccess", "engineer") if NOT_ME in str(m["blocks"]))
        return acts.environment.slack.acts.click(
            "engineer",
            "@pgaccess",
            message["ts"],
            NOT_ME,
            block_id=None,
            selected=None,
            now=datetime.now(UTC),
        )

    async def send(self, click: Delivery) -> str:
        heard = len(self.acts.private("engineer"))
        assert (await self.acts.environment.people.sends(click)).ok
        await self.acts.until(lambda: len(self.acts.private("engineer")) > heard)
        return self.acts.private("engineer")[-1]

    async def press(self) -> str:
        return await self.send(self.click())

    def works(self) -> bool:
        found = self.acts.environment.heroku.certificates(DATABASE, now=datetime.now(UTC))
        return any(each.status == "ready" for each in found)

    async def audit(self) -> list[tuple[str, str, str]]:
        sql = (
            "SELECT a.actor, a.subject, a.after FROM audit a JOIN requests r ON r.id = a.request_id "
            "WHERE r.kind = 'discard' ORDER BY a.id"
        )
        return [tuple(row) for row in await self.acts.query(sql)]


@pytest.fixture
async def downloaded(acts: Acts) -> Downloaded:
    await acts.ask_and_open()
    async with acts.environment.app.store.transaction() as tx:
        known = (await tx.certificates.present())[0]
        await tx.certificates.assign(known.id, request=1, owner="U0ENGINEER", purpose="nightly job")
        await tx.commit()
    assert (await acts.type("engineer", ASKS)).ok
    await pressed(Link.newest(acts))
    await acts.until(lambda: acts.told("engineer", "were downloaded"))
    return Downloaded(acts)


async def test_the_owner_revokes_it_at_once_and_everybody_who_has_to_know_is_told(
    downloaded: Downloaded,
) -> None:
    acts = downloaded.acts
    assert "is being revoked, as #2" in await downloaded.press()
    await acts.until(lambda: not downloaded.works())
    await acts.until(lambda: acts.told("engineer", "#2 done"))
    for channel in ("#approvals", "#operations"):
        await acts.until(partial(_said, acts, channel, "nobody can connect with it any more"))
        assert _said(acts, channel, "Sessions that were open then stay open")
        assert _said(acts, channel, "Someone else may have the private key")
    await acts.until(lambda: acts.told("engineer", "Its revocation is #2"))
    assert not acts.told("engineer", "revoke the certificate at once")
    assert ("U0ENGINEER", "request", "approved") in await downloaded.audit()


async def test_a_second_press_says_what_became_of_it(downloaded: Downloaded) -> None:
    acts = downloaded.acts
    acts.environment.heroku.fault(fault_injection.status(503), on="DELETE .*/certificates/", times=None)
    first, second, third = (downloaded.click() for _ in range(3))
    assert "as #2" in await downloaded.send(first)
    assert "already requested, as #2" in await downloaded.send(second)
    acts.environment.heroku.clear_faults()
    await acts.until(lambda: acts.told("engineer", "#2 done"))
    assert "no longer works" in await downloaded.send(third)
    assert len(await acts.query("SELECT 1 FROM requests WHERE kind = 'discard'")) == 1


async def test_after_it_was_given_to_somebody_else_the_former_owner_is_told_whose_it_is(
    downloaded: Downloaded,
) -> None:
    await downloaded.acts.query("UPDATE certificates SET owner = 'U0LEAD' WHERE request_id = 1")
    assert "belongs to <@U0LEAD> now" in await downloaded.press()
    assert downloaded.works()


async def test_nobody_else_revokes_it_this_way(downloaded: Downloaded) -> None:
    ((certificate, link),) = await downloaded.acts.query("SELECT certificate_id, id FROM download_links")
    compromises = downloaded.acts.environment.app.services.compromises
    with pytest.raises(Refused) as refused:
        await compromises.revoke(1, certificate, link, person="U0LEAD", key="a click")
    assert refused.value.reason is Refusal.CERTIFICATE_OTHERS
    with pytest.raises(Refused) as refused:
        await compromises.revoke(2, certificate, link, person="U0ENGINEER", key="another")
    assert refused.value.reason is Refusal.CERTIFICATE_UNKNOWN
    assert downloaded.works()


async def test_a_request_to_remove_it_that_waits_is_withdrawn_for_the_revocation(
    downloaded: Downloaded,
) -> None:
    acts = downloaded.acts
    await acts.ask("/pgaccess mtls certificate remove 1 because it is no longer needed")
    assert "as #3" in await downloaded.press()
    await acts.until(lambda: acts.told("engineer", "#2 was withdrawn"))
    await acts.until(lambda: not downloaded.works())


async def test_while_heroku_is_away_it_is_tried_until_it_is_done(downloaded: Downloaded) -> None:
    acts = downloaded.acts
    acts.environment.heroku.fault(fault_injection.status(503), on="DELETE .*/certificates/", times=1)
    await downloaded.press()
    await acts.until(lambda: not downloaded.works())


async def test_a_revocation_that_fails_is_not_said_to_be_closed_and_a_retry_closes_it(
    downloaded: Downloaded,
) -> None:
    acts = downloaded.acts
    acts.environment.heroku.fault(fault_injection.status(503), on="DELETE .*/certificates/", times=None)
    await acts.ask("/pgaccess mtls certificate remove 1 because the laptop was stolen")
    assert (await acts.approve()).ok
    await acts.environment.move_time(timedelta(minutes=3))
    await acts.until(lambda: acts.told("engineer", "is not closed yet"))
    (late,) = acts.told("engineer", "is not closed yet")
    assert "certificate `1` for billing (#2)" in late
    await acts.query("UPDATE operations SET deadline_at = now() - interval '1 s' WHERE state = 'doing'")

    async def failed() -> bool:
        await acts.environment.refresh_everything()
        return bool(acts.told("engineer", "Could not be closed"))

    await acts.until(failed)
    assert acts.told("engineer", "is closed by now") == []
    assert downloaded.works()
    acts.environment.heroku.clear_faults()
    assert (await acts.type("engineer", "/pgaccess retry 2")).ok
    await acts.until(lambda: acts.told("engineer", "is closed by now"))
    assert not downloaded.works()
    assert acts.told("engineer", "Could not be closed") == []


def _said(acts: Acts, channel: str, what: str) -> bool:
    return any(what in words(message) for message in acts.messages(channel))
