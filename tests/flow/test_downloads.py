"""A certificate's files reach its owner and nobody else: once, by a link, and never through Slack."""

import asyncio
import io
import re
import shlex
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from sqlalchemy import update

from bot.domain.mtls.download_link import GUESSES, DownloadAnswer
from bot.domain.one_time_link import LIFE
from bot.errors import Refused
from bot.heroku.schemas.platform import name_of
from bot.i18n.translator import Translator
from bot.services import DownloadService
from handlers.download_links import DownloadLinkSender
from handlers.transport.payloads import SlashCommand
from sandbox.heroku import fault_injection
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE
from sandbox.slack import fault_injection as slack_faults
from storage.tables import targets
from tests.flow.actions import Acts
from tests.flow.download_browser import (
    OTHER,
    Link,
    links,
    opened,
    password_in,
    pressed,
    unpacked,
    unpacked_bytes,
)
from tests.unit.factories import emulated_database

ASKS = "/pgaccess mtls certificate get 1"
ONE = r"GET .*/certificates/"
"""The one call to Heroku whose answer has a key in it."""


@pytest.fixture
async def owned(acts: Acts) -> Acts:
    """The database's one certificate was made for request 1, which is the engineer's."""
    await acts.ask_and_open()
    async with acts.environment.app.store.transaction() as tx:
        known = (await tx.certificates.present())[0]
        await tx.certificates.assign(known.id, request=1, owner="U0ENGINEER", purpose="nightly job")
        await tx.commit()
    return acts


async def link_of(acts: Acts) -> Link:
    assert (await acts.type("engineer", ASKS)).ok
    return Link.newest(acts)


async def state(acts: Acts) -> list[tuple[str, int]]:
    return [
        tuple(row) for row in await acts.query("SELECT state, guesses FROM download_links ORDER BY made_at")
    ]


async def the_certificate(acts: Acts) -> UUID:
    ((id,),) = await acts.query("SELECT id FROM certificates WHERE request_id = 1")
    assert isinstance(id, UUID)
    return id


async def lines(acts: Acts) -> list[tuple[str, str, str]]:
    """The audit lines about links: who, and from which state to which."""
    sql = "SELECT actor, before, after FROM audit WHERE subject = 'certificate files' ORDER BY id"
    return [tuple(row) for row in await acts.query(sql)]


async def test_the_owner_gets_the_files_by_a_link_in_a_direct_message(owned: Acts) -> None:
    link = await link_of(owned)
    files = unpacked(await pressed(link))
    assert {"postgresql.crt", "postgresql.key", "root.crt", "README.txt", "pg_service.conf"} <= set(files)
    assert await state(owned) == [("delivered", 0)]
    assert await lines(owned) == [("U0ENGINEER", "", "open"), ("U0ENGINEER", "open", "delivered")]
    assert await owned.query("SELECT count(*) FROM certificates WHERE delivered_at IS NOT NULL") == [(1,)]


async def test_a_button_beside_the_news_that_a_certificate_is_ready_brings_the_link(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls certificate new on billing because nightly export")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "is ready"))
    assert (await acts.press_own("engineer", "certificate.files", "is ready")).ok
    await acts.until(lambda: links(acts))
    assert "postgresql.key" in unpacked(await pressed(Link.newest(acts)))
    await acts.until(lambda: acts.told("engineer", "were downloaded"))
    assert (await acts.press_own("engineer", "certificate.files", "were downloaded")).ok
    await acts.until(lambda: links(acts))


async def test_the_files_are_those_that_heroku_has(owned: Acts) -> None:
    files = unpacked(await pressed(await link_of(owned)))
    app = owned.environment.app
    credential = await app.heroku.credential(emulated_database(), await the_certificate(owned))
    assert files["postgresql.crt"] == credential.chain
    assert files["postgresql.key"] == credential.key
    assert files["root.crt"] == await app.heroku.authority(emulated_database())


async def test_only_the_owner_can_read_an_unpacked_key(owned: Acts) -> None:
    answer = await pressed(await link_of(owned))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        modes = {entry.filename: stat.filemode(entry.external_attr >> 16) for entry in archive.infolist()}
    assert modes["postgresql.key"] == modes["postgresql.pk8"] == "-rw-------"
    assert modes["postgresql.crt"] == modes["root.crt"] == "-rw-r--r--"


async def test_the_page_shows_the_one_password_that_opens_the_key_store(owned: Acts) -> None:
    link = await link_of(owned)
    other, shown = [password_in((await opened(link)).text) for _ in range(2)]
    files = unpacked_bytes(await pressed(link, password=shown))
    assert pkcs12.load_pkcs12(files["postgresql.p12"], shown.encode()).key is not None
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12(files["postgresql.p12"], other.encode())
    assert [name for name, content in files.items() if shown.encode() in content] == []


@pytest.mark.parametrize("password", [None, "", "a weaker one"])
async def test_without_the_pages_own_password_there_is_no_key_store(
    owned: Acts, password: str | None
) -> None:
    files = unpacked_bytes(await pressed(await link_of(owned), password=password))
    assert "postgresql.pk8" in files
    assert "postgresql.p12" not in files


async def test_every_clients_text_has_the_values_of_the_url_but_not_its_password(owned: Acts) -> None:
    url = urlsplit(owned.environment.heroku.connection(DATABASE))
    files = unpacked(await pressed(await link_of(owned)))
    assert files["pg_service.conf"].splitlines()[1:5] == [
        f"host={url.hostname}",
        f"port={url.port}",
        f"dbname={url.path[1:]}",
        f"user={url.username}",
    ]
    assert f"jdbc:postgresql://{url.hostname}:{url.port}{url.path}?" in files["clients/jdbc.txt"]
    assert [name for name, text in files.items() if str(url.password) in text] == []


@pytest.mark.parametrize(
    "fault", [fault_injection.status(403), fault_injection.status(500), fault_injection.Fault(after=4.0)]
)
async def test_without_the_url_the_files_are_delivered_all_the_same(
    owned: Acts, fault: fault_injection.Fault
) -> None:
    link = await link_of(owned)
    await quiet(owned)
    owned.environment.heroku.fault(fault, on=r"GET .*/config-vars")
    files = unpacked(await pressed(link))
    assert "host=HOST\n" in files["pg_service.conf"]
    assert "Heroku did not return the connection parameters" in files["clients/psycopg.txt"]
    assert await state(owned) == [("delivered", 0)]


async def test_the_readme_has_the_ready_line_without_a_password(owned: Acts) -> None:
    readme = unpacked(await pressed(await link_of(owned)))["README.txt"]
    assert 'PGSSLKEY=postgresql.key PGSSLROOTCERT=root.crt psql "$(heroku config:get DATABASE_URL' in readme
    assert owned.environment.heroku.connection(DATABASE) not in readme


async def test_the_zip_comes_as_a_download_that_nobody_keeps(owned: Acts) -> None:
    answer = await pressed(await link_of(owned))
    assert answer.headers["content-disposition"] == 'attachment; filename="pgaccess-billing-1.zip"'
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_database_that_was_renamed_is_found_by_its_present_name(owned: Acts) -> None:
    link = await link_of(owned)
    owned.environment.heroku.rename_database(DATABASE, "postgresql-renamed-1")
    assert "postgresql.key" in unpacked(await pressed(link))


# --- where the link goes ---------------------------------------------------------------------------


async def test_the_link_stands_in_one_direct_message_and_nowhere_else(owned: Acts) -> None:
    await owned.type("engineer", ASKS)
    assert len(links(owned)) == 1
    secret = Link.newest(owned).secret
    told = [
        entry.name for entry in owned.environment.slack.request_log if secret in entry.sent + entry.received
    ]
    assert told == ["chat.postMessage"]
    assert "your direct messages" in owned.private("engineer")[-1]


async def test_the_text_that_a_locked_phone_shows_has_no_link(owned: Acts) -> None:
    await owned.type("engineer", ASKS)
    secret = Link.newest(owned).secret
    (message,) = [m for m in owned.messages("@pgaccess", "engineer") if secret in str(m["blocks"])]
    assert secret not in message["text"]
    assert "/c/" not in message["text"]


async def test_slack_is_told_to_unfold_nothing(owned: Acts) -> None:
    await owned.type("engineer", ASKS)
    secret = Link.newest(owned).secret
    (post,) = [entry.sent for entry in owned.environment.slack.request_log if secret in entry.sent]
    assert '"unfurl_links": false' in post
    assert '"unfurl_media": false' in post


async def test_somebody_else_is_told_whose_it_is(owned: Acts) -> None:
    await owned.type("lead", ASKS)
    assert "only its owner gets its files" in owned.private("lead")[-1]
    assert await state(owned) == []


async def test_a_newer_link_takes_the_older_one_away(owned: Acts) -> None:
    older = await link_of(owned)
    newer = await link_of(owned)
    await owned.until(lambda: links(owned) == [(newer.address, newer.secret)])
    assert (await pressed(older)).status_code == 410
    assert "postgresql.key" in unpacked(await pressed(newer))


async def test_once_it_was_used_the_link_is_gone_from_the_message(owned: Acts) -> None:
    await pressed(await link_of(owned))
    await owned.until(lambda: owned.told("engineer", "were downloaded"))
    assert links(owned) == []


async def test_once_it_has_expired_the_link_is_gone_from_the_message(owned: Acts) -> None:
    await link_of(owned)
    await owned.query("UPDATE outbox SET due_at = now() WHERE kind = 'notification.download_link'")
    await owned.until(lambda: owned.told("engineer", "has expired"))
    assert links(owned) == []


async def test_a_link_that_slack_did_not_take_is_void_and_the_answer_says_so(owned: Acts) -> None:
    owned.environment.slack.fault("chat.postMessage", slack_faults.error("channel_not_found"))
    await owned.type("engineer", ASKS)
    assert "the link no longer works" in owned.private("engineer")[-1]
    assert await state(owned) == [("unsent", 0)]
    assert await owned.query("SELECT count(*) FROM outbox WHERE kind = 'notification.download_link'") == [
        (0,)
    ]


async def test_a_link_whose_answer_was_lost_is_found_and_taken_away_once_it_is_over(owned: Acts) -> None:
    owned.environment.slack.fault("chat.postMessage", slack_faults.lost_answer())
    await owned.type("engineer", ASKS)
    assert "did not confirm the message" in owned.private("engineer")[-1]
    assert len(links(owned)) == 1
    await owned.query("UPDATE outbox SET due_at = now() WHERE kind = 'notification.download_link'")
    await owned.until(lambda: owned.told("engineer", "has expired"))
    assert links(owned) == []


# --- the page --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_page_uses_nothing_up(owned: Acts, method: str) -> None:
    link = await link_of(owned)
    for _ in range(3):
        assert (await opened(link, method=method)).status_code == 200
    assert await state(owned) == [("open", 0)]
    assert owned.calls(ONE) == []
    assert "postgresql.key" in unpacked(await pressed(link))


async def test_the_page_is_the_same_for_a_link_that_never_was(owned: Acts) -> None:
    link = await link_of(owned)
    none = Link(link.address[:-4] + "0000", OTHER)
    assert without_nonce(await opened(link)) == without_nonce(await opened(none))


async def test_the_page_is_kept_nowhere_shown_in_no_frame_and_fetches_nothing(owned: Acts) -> None:
    page = await opened(await link_of(owned))
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-frame-options"] == "DENY"
    policy = page.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f'<script nonce="{nonce[1]}">' in page.text
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"""(?:src|href|action)=["']?(?!data:)[^"'> ]""", page.text) == []


async def test_no_two_pages_have_the_same_nonce(owned: Acts) -> None:
    link = await link_of(owned)
    policies = {(await opened(link)).headers["content-security-policy"] for _ in range(3)}
    assert len(policies) == 3


async def test_the_page_speaks_the_readers_language(acts: Acts, subtests: pytest.Subtests) -> None:
    link = Link(f"{acts.environment.bot_url}/c/{UUID(int=1)}", OTHER)
    for asks, language in [
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("de,ja;q=0.5", "ja"),
        ("de", "en"),
        ("", "en"),
        ("ja;q=0", "en"),
        ("ja;q=banana,*", "en"),
    ]:
        with subtests.test(asks):
            for page in (await opened(link, language=asks), await pressed(link, language=asks)):
                assert page.headers["content-language"] == language
                assert f'<html lang="{language}">' in page.text


# --- wrong, used, expired, gone --------------------------------------------------------------------


async def test_a_wrong_secret_tells_no_more_than_an_unknown_link(owned: Acts) -> None:
    link = await link_of(owned)
    wrong = await pressed(link, secret=OTHER)
    none = await pressed(Link(f"{owned.environment.bot_url}/c/{UUID(int=1)}", OTHER))
    assert wrong.status_code == none.status_code == 404
    assert without_nonce(wrong) == without_nonce(none)
    assert "/pgaccess mtls certificate get" in wrong.text
    assert "postgresql.key" in unpacked(await pressed(link))


async def test_too_many_wrong_secrets_end_a_link_and_its_owner_hears_of_it(owned: Acts) -> None:
    link = await link_of(owned)
    for _ in range(GUESSES):
        assert (await pressed(link, secret=OTHER)).status_code == 404
    right = await pressed(link)
    assert right.status_code == 410
    assert "too often" in right.text
    await owned.until(lambda: owned.told("engineer", "wrong secret too often"))
    assert links(owned) == []
    assert await state(owned) == [("burnt", GUESSES)]
    assert (await lines(owned))[-1] == ("pgaccess", "open", "burnt")
    assert owned.calls(ONE) == []


async def test_what_cannot_be_a_secret_is_no_guess(owned: Acts, subtests: pytest.Subtests) -> None:
    link = await link_of(owned)
    for junk in ["", "short", "x" * 44, "%%%", "あ" * 43]:
        with subtests.test(junk):
            assert (await pressed(link, secret=junk)).status_code == 404
            assert await state(owned) == [("open", 0)]


async def test_a_body_that_is_no_form_of_ours_is_a_wrong_link(acts: Acts, subtests: pytest.Subtests) -> None:
    for body, kind in [
        (b"x" * 5000, "application/x-www-form-urlencoded"),
        (b'{"secret": "a"}', "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"secret=" + b"a" * 43 + b"&secret=" + b"b" * 43, "application/x-www-form-urlencoded"),
        (b"", ""),
    ]:
        with subtests.test(repr(body)):
            async with httpx.AsyncClient(trust_env=False) as client:
                for id in (UUID(int=1), "not-an-id"):
                    headers = {"Content-Type": kind} if kind else {}
                    answer = await client.post(
                        f"{acts.environment.bot_url}/c/{id}", content=body, headers=headers
                    )
                    assert answer.status_code == 404
                    assert "This link is not valid" in answer.text


async def test_a_used_link_says_so_and_how_to_come_to_a_new_one(owned: Acts) -> None:
    link = await link_of(owned)
    await pressed(link)
    again = await pressed(link)
    assert again.status_code == 410
    assert "already been used" in again.text
    assert "/pgaccess mtls certificate get" in again.text
    assert len(owned.calls(ONE)) == 1


async def test_an_expired_link_says_so(owned: Acts) -> None:
    link = await link_of(owned)
    owned.environment.clock.move(LIFE)
    late = await pressed(link)
    assert late.status_code == 410
    assert "expired" in late.text
    assert owned.calls(ONE) == []


async def test_a_certificate_that_is_gone_says_so(owned: Acts) -> None:
    link = await link_of(owned)
    now = datetime.now(UTC)
    made = owned.environment.heroku.certificates(DATABASE, now=now)[0]
    owned.environment.heroku.delete_certificate_externally(DATABASE, made.id, now=now)
    await asyncio.sleep(0.3)
    answer = await pressed(link)
    assert answer.status_code == 410
    assert "This certificate no longer exists" in answer.text


@pytest.mark.parametrize(
    "spoil",
    [
        lambda heroku: heroku.fault(fault_injection.status(500), on=ONE),
        lambda heroku: heroku.fault(fault_injection.status(403), on=ONE),
        lambda heroku: heroku.fault(fault_injection.status(429), on=r"GET /addons/"),
        lambda heroku: heroku.fault(fault_injection.cut_before(), on=ONE),
        lambda heroku: heroku.fault(fault_injection.lost_answer(), on=ONE),
        lambda heroku: heroku.fault(fault_injection.status(500), on=r"GET .*/tls-endpoint$"),
    ],
    ids=["broken", "denied", "busy", "cut", "lost", "without the root"],
)
async def test_a_failed_fetch_does_not_use_the_link_up(
    owned: Acts, spoil: Callable[[HerokuEmulator], None]
) -> None:
    link = await link_of(owned)
    await quiet(owned)
    spoil(owned.environment.heroku)
    failed = await pressed(link)
    assert failed.status_code == 503
    assert "the link still works" in failed.text
    owned.environment.heroku.clear_faults()
    assert "postgresql.key" in unpacked(await pressed(link))


async def test_a_fetch_that_takes_too_long_is_given_up_and_the_link_stays(owned: Acts) -> None:
    link = await link_of(owned)
    app = owned.environment.app
    hurried = DownloadService(
        store=app.store, heroku=app.heroku, clock=app.clock, within=timedelta(milliseconds=200)
    )
    owned.environment.heroku.fault(fault_injection.Fault(after=1.0), on=ONE)
    assert await hurried.redeem(UUID(link.id), link.secret) is DownloadAnswer.UNREACHABLE
    assert "postgresql.key" in unpacked(await pressed(link))


async def test_two_that_come_at_once_get_the_files_once(owned: Acts) -> None:
    link = await link_of(owned)
    owned.environment.heroku.fault(fault_injection.Fault(after=0.3), on=ONE)
    answers = await asyncio.gather(*(pressed(link) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(owned.calls(ONE)) == 1


async def test_while_heroku_is_asked_no_transaction_is_open_and_no_row_locked(owned: Acts) -> None:
    link = await link_of(owned)
    owned.environment.heroku.fault(fault_injection.Fault(after=0.5), on=ONE)
    asked = asyncio.create_task(pressed(link))
    await owned.until(lambda: owned.calls(ONE))
    await owned.query("SET lock_timeout = '50ms'; UPDATE download_links SET guesses = guesses")
    assert (await asked).status_code == 200


async def test_the_lease_of_a_dead_process_expires(owned: Acts) -> None:
    link = await link_of(owned)
    await owned.query(
        "UPDATE download_links SET lease = gen_random_uuid(), lease_until = now() + interval '30 seconds'"
    )
    assert (await pressed(link)).status_code == 409
    await owned.query("UPDATE download_links SET lease_until = now()")
    assert "postgresql.key" in unpacked(await pressed(link))


async def test_a_lease_that_was_lost_delivers_nothing(owned: Acts) -> None:
    link = await link_of(owned)
    owned.environment.heroku.fault(fault_injection.Fault(after=0.5), on=ONE)
    asked = asyncio.create_task(pressed(link))
    await owned.until(lambda: owned.calls(ONE))
    await owned.query("UPDATE download_links SET lease = gen_random_uuid()")
    assert (await asked).status_code == 409
    assert await state(owned) == [("open", 0)]


# --- without a place to send browsers to -----------------------------------------------------------


async def test_without_a_public_address_the_answer_names_the_setting(owned: Acts) -> None:
    app = owned.environment.app
    nowhere = DownloadLinkSender(services=app.services, interactive=app.slack, public_url=None)
    came = SlashCommand(user_id="U0ENGINEER", trigger_id="1")
    with pytest.raises(Refused) as caught:
        await nowhere.send("1", came, Translator("en"))
    assert "`PGACCESS_PUBLIC_URL`" in Translator("en")(caught.value.key, **caught.value.params)
    assert await state(owned) == []


def without_nonce(page: httpx.Response) -> str:
    """Returns a page without what is random in it."""
    return re.sub(r'(?:nonce|name="p12_password" value)="[^"]+"', "", page.text)


async def quiet(acts: Acts) -> None:
    """Waits until the reconciler is idle, so that an outage only affects the page."""

    async def rests() -> bool:
        rows = await acts.query(
            "SELECT count(*) FROM reconcile_queue WHERE lease IS NOT NULL OR due_at <= now()"
        )
        return bool(rows == [(0,)])

    await acts.until(rests)


@pytest.mark.parametrize(
    "app", ['bil"; x="', "bil\r\nSet-Cookie: a=b\r\n\r\nx", "請求\u202e", "a;b`c`$(d)", "../x"]
)
async def test_whatever_an_app_is_called_its_link_brings_the_files(owned: Acts, app: str) -> None:
    link = await link_of(owned)
    async with owned.environment.app.store.transaction() as tx:
        database = (await tx.targets.databases())[0]
        await tx._connection.execute(update(targets).where(targets.c.id == database.id).values(app=app))
        await tx.commit()
    # The command is made of what Heroku calls it at that moment.
    owned.environment.heroku.rename_app("billing", app)
    answer = await pressed(link)
    files = unpacked(answer)
    assert "postgresql.key" in files
    assert await state(owned) == [("delivered", 0)]
    assert "set-cookie" not in answer.headers
    assert re.fullmatch(
        r'attachment; filename="pgaccess-[A-Za-z0-9.-]+-1\.zip"', answer.headers["content-disposition"]
    )
    for name in ("README.txt", "clients/psql-linux.txt", "clients/psql-macos.txt"):
        lines = [text.strip() for text in files[name].splitlines() if "heroku config:get" in text]
        # In a line of its own, or as what psql connects to.
        commands = [
            line[line.index("$(") + 2 : line.rindex(")")] if "psql" in line else line for line in lines
        ]
        assert commands != []
        for command in commands:
            assert shlex.split(command)[:4] == ["heroku", "config:get", "DATABASE_URL", "-a"]
            assert shlex.split(command)[4:] == [name_of(app)]


async def test_the_readme_names_no_variable_that_a_promoted_follower_has_taken(owned: Acts) -> None:
    heroku = owned.environment.heroku
    heroku.add_beside(DATABASE, "postgresql-new-1")
    link = await link_of(owned)
    # No discovery has seen it yet.
    heroku.promote("postgresql-new-1")
    readme = unpacked(await pressed(link))["README.txt"]
    assert "config:get DATABASE_URL" not in readme
    assert "config:get HEROKU_POSTGRESQL_" in readme
