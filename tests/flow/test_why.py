"""``/pgaccess why`` and client certificates, from Heroku to Slack."""

from tests.flow.actions import Acts


async def test_why_does_not_show_the_certificate_of_somebody_else_as_ones_own(acts: Acts) -> None:
    async def read() -> bool:
        await acts.environment.refresh_everything()
        await acts.type("engineer", "/pgaccess why billing")
        return "client certificate of yours here" in acts.private("engineer")[-1]

    await acts.until(read)
    said = acts.private("engineer")[-1]
    assert "more days" not in said
    assert "client-1.postgresql-curved-12345.emulated.example" not in said


async def test_why_tells_how_many_days_ones_own_certificate_has_left(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls certificate new on billing because the nightly export")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "is ready"))
    await acts.type("engineer", "/pgaccess why billing")
    assert "Your client certificate #1 is valid for" in acts.private("engineer")[-1]
