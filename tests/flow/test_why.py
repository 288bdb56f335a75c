"""``/pgaccess why`` and client certificates, from Heroku to Slack."""

from tests.flow.actions import Acts


async def test_why_tells_how_many_days_a_certificate_has_left(acts: Acts) -> None:
    await acts.until(lambda: acts.calls(r"GET .*/certificates$"))
    await acts.type("engineer", "/pgaccess why billing")
    said = acts.private("engineer")[-1]
    assert "is valid for 299 more days" in said
    assert "client-1.postgresql-curved-12345.emulated.example" in said
