"""Parsing of command lines, valid and invalid."""

import string
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.domain.command_text import COMMAND
from bot.domain.outside.text import nearest, slips
from bot.errors import Refusal, Refused
from bot.i18n.catalogue import CATALOGUE, LANGUAGES
from bot.policy.schema import RESERVED
from bot.services import RequestInput
from handlers.parsing.clauses import ENDLESS, WORDS
from handlers.parsing.command_table import COMMANDS, parse
from handlers.parsing.intents import Intent
from handlers.parsing.normalization import LONGEST_LINE, normalize_command, normalize_text, unquoted


def intent(
    command: str,
    *,
    address: str | None = None,
    target: str | None = None,
    duration: str | None = None,
    until: str | None = None,
    start: str | None = None,
    reason: str | None = None,
    number: int | None = None,
    certificate: str | None = None,
    mentioned: str | None = None,
    moment: str | None = None,
    topic: tuple[str, ...] = (),
) -> Intent:
    """An intent by the words of its command."""
    return Intent(
        command=tuple(command.split()),
        input=RequestInput(
            address=address, target=target, duration=duration, until=until, start=start, reason=reason
        ),
        number=number,
        certificate=certificate,
        person=mentioned,
        moment=moment,
        topic=topic,
    )


def billing(
    *,
    duration: str | None = None,
    until: str | None = None,
    start: str | None = None,
    reason: str | None = None,
) -> Intent:
    """A rule on one database, with times."""
    return intent(
        "mtls add",
        address="203.0.113.4",
        target="billing",
        duration=duration,
        until=until,
        start=start,
        reason=reason,
    )


ADD = intent("mtls add", address="203.0.113.4")
FOREVER = intent("mtls add", address="203.0.113.4", duration="forever")
REMOVE = intent("mtls remove", address="203.0.113.4", target="billing")
FULL = intent("mtls add", address="203.0.113.4", target="billing", duration="8h", reason="migration check")

RIGHT: list[tuple[str, Intent]] = [
    # the form
    ("", intent("")),
    ("   ", intent("")),
    ("\u3000\u200b\t", intent("")),
    # mtls add, clause by clause and in any order
    ("mtls add", intent("mtls add")),
    ("mtls add 203.0.113.4", ADD),
    ("MTLS Add 203.0.113.4", ADD),
    ("  mtls   add \t 203.0.113.4  ", ADD),
    ("mtls add\n203.0.113.4", ADD),
    ("mtls add 203.0.113.4 to billing for 8h because migration check", FULL),
    ("mtls add 203.0.113.4 for 8h to billing because migration check", FULL),
    ("mtls add 203.0.113.4 on billing for 8h because migration check", FULL),
    ("mtls add 203.0.113.4 from billing for 8h because migration check", FULL),
    ("mtls add 203.0.113.4 TO billing FOR 8h BECAUSE migration check", FULL),
    ("mtls add 203.0.113.4 to: billing for: 8h because: migration check", FULL),
    ("mtls add 203.0.113.4 to billing, for 8h, because migration check", FULL),
    ('mtls add "203.0.113.4" to `billing` for 8h because "migration check"', FULL),
    ("mtls add “203.0.113.4” to ‘billing’ for 8h because “migration check”", FULL),
    ("mtls add to billing", intent("mtls add", target="billing")),
    ("mtls add 203.0.113.4 203.0.113.5", intent("mtls add", address="203.0.113.4 203.0.113.5")),
    (
        "mtls add 203.0.113.4, 203.0.113.5, for 8h",
        intent("mtls add", address="203.0.113.4 203.0.113.5", duration="8h"),
    ),
    (
        "mtls add 203.0.113.4,203.0.113.5 to billing",
        intent("mtls add", address="203.0.113.4,203.0.113.5", target="billing"),
    ),
    ("mtls remove 203.0.113.4、203.0.113.5", intent("mtls remove", address="203.0.113.4、203.0.113.5")),
    ("mtls add for 8h", intent("mtls add", duration="8h")),
    ("mtls add because audit", intent("mtls add", reason="audit")),
    ("mtls add 203.0.113.0/24 for 2d", intent("mtls add", address="203.0.113.0/24", duration="2d")),
    ("mtls add 203.0.113.4 for 1h 30m", intent("mtls add", address="203.0.113.4", duration="1h 30m")),
    ("mtls add 203.0.113.4 for 8 hours", intent("mtls add", address="203.0.113.4", duration="8 hours")),
    ("mtls add 203.0.113.4 for 8 Hours.", intent("mtls add", address="203.0.113.4", duration="8 Hours")),
    ("mtls add 203.0.113.4 for 7", intent("mtls add", address="203.0.113.4", duration="7")),
    # without an end
    ("mtls add 203.0.113.4 for ever", FOREVER),
    ("mtls add 203.0.113.4 for Ever.", FOREVER),
    ("mtls add 203.0.113.4 for good", FOREVER),
    ("mtls add 203.0.113.4 for forever", FOREVER),
    ("mtls add 203.0.113.4 for: ever", FOREVER),
    ("mtls add 203.0.113.4 forever", FOREVER),
    ("mtls add 203.0.113.4 permanently", FOREVER),
    ("mtls add 203.0.113.4, Permanently.", FOREVER),
    ("mtls add 203.0.113.4 無期限", FOREVER),
    ("mtls add 203.0.113.4 期間 無期限", FOREVER),
    ("mtls add 203.0.113.4 期間：無期限", FOREVER),
    ("mtls add permanently", intent("mtls add", duration="forever")),
    (
        "mtls add 203.0.113.4 permanently to billing because BI",
        intent("mtls add", address="203.0.113.4", target="billing", duration="forever", reason="BI"),
    ),
    (
        "mtls add 203.0.113.4 to billing for good because BI for ever",
        intent("mtls add", address="203.0.113.4", target="billing", duration="forever", reason="BI for ever"),
    ),
    (
        "mtls add 203.0.113.4 because it stays permanently",
        intent("mtls add", address="203.0.113.4", reason="it stays permanently"),
    ),
    ("mtls add 203.0.113.4 for everyone", intent("mtls add", address="203.0.113.4", duration="everyone")),
    ("mtls add 203.0.113.4 until 18:00", intent("mtls add", address="203.0.113.4", until="18:00")),
    ("mtls add 203.0.113.4 until:18:00", intent("mtls add", address="203.0.113.4", until="18:00")),
    (
        "mtls add 203.0.113.4 until 2026-11-25 18:00 to billing",
        intent("mtls add", address="203.0.113.4", target="billing", until="2026-11-25 18:00"),
    ),
    (
        "mtls add 203.0.113.4 until tomorrow 9:00 because audit",
        intent("mtls add", address="203.0.113.4", until="tomorrow 9:00", reason="audit"),
    ),
    (
        "mtls add 203.0.113.4 until tomorrow at 9:00",
        intent("mtls add", address="203.0.113.4", until="tomorrow at 9:00"),
    ),
    # times as people type them
    *(
        (f"mtls add 203.0.113.4 for {typed} to billing", billing(duration=typed))
        for typed in (
            *("1 week", "1w", "1.5h", "2h30", "a day", "an hour", "half an hour", "half a day", "2 weeks"),
            *(
                "1 and a half hours",
                "an hour and a half",
                "1 day and 12 hours",
                "the next 2 hours",
                "1 month",
            ),
            *("1週間", "半日", "1時間半"),
        )
    ),
    *(
        (
            f"mtls add 203.0.113.4 until {typed} to billing because it is due",
            billing(until=typed, reason="it is due"),
        )
        for typed in (
            *(
                "6pm",
                "6 pm",
                "6",
                "tomorrow",
                "tomorrow 9am",
                "tomorrow at 9am",
                "friday 18:00",
                "next friday",
            ),
            *("monday morning", "end of day", "end of the week", "eod", "noon", "noon tomorrow", "midnight"),
            *("the day after tomorrow at noon", "9 in the morning", "18:00 on friday", "6 o'clock"),
            *("2026-12-24 18:00", "24 Dec 18:00", "Dec 24", "24th of December 18:00", "04/05", "24.12.2026"),
            *("18:00 UTC", "18:00 CET", "18:00 +09:00", "2026-12-24T18:00+09:00", "18:00 Europe/Berlin"),
            *("明日の9時", "明日 9時", "金曜18時", "午後6時", "正午", "今日中", "来週の 金曜 18時"),
        )
    ),
    ("mtls add 203.0.113.4 until 24.12. to billing", billing(until="24.12")),
    ("mtls add 203.0.113.4 until Dec 24, 2026 to billing", billing(until="Dec 24 2026")),
    ("mtls add 203.0.113.4 until 6 p.m. to billing", billing(until="6 p.m")),
    ("mtls add 203.0.113.4 to billing 18時まで", billing(until="18時")),
    ("mtls add 203.0.113.4 対象 billing 明日の9時まで", billing(until="明日の9時")),
    ("mtls add 203.0.113.4 対象 billing 期限 18時まで", billing(until="18時まで")),
    # later starts
    ("mtls add 203.0.113.4 to billing at 23:00 for 1h", billing(start="23:00", duration="1h")),
    (
        "mtls add 203.0.113.4 to billing from tomorrow 22:00 until 23:30",
        billing(start="tomorrow 22:00", until="23:30"),
    ),
    (
        "mtls add 203.0.113.4 from 22:00 to 23:30 to billing because it is due",
        billing(start="22:00", until="23:30", reason="it is due"),
    ),
    ("mtls add 203.0.113.4 to billing from now until 6pm", billing(start="now", until="6pm")),
    (
        "mtls add 203.0.113.4 to billing 明日22時から23時半まで",
        billing(start="明日22時", until="23時半"),
    ),
    (
        "mtls add 203.0.113.4 対象 billing 明日22時から 期間 1時間",
        billing(start="明日22時", duration="1時間"),
    ),
    ("mtls add 203.0.113.4 at 6pm to billing for 1h", billing(start="6pm", duration="1h")),
    (
        "mtls add 203.0.113.4 from 24 Dec 22:00 to 23:30 on billing",
        billing(start="24 Dec 22:00", until="23:30"),
    ),
    ("mtls add 203.0.113.4 from billing", billing()),
    # the reason runs to the end and stays as it is
    (
        "mtls add 203.0.113.4 because Audit: Q4, to be done FOR the CFO until noon",
        intent("mtls add", address="203.0.113.4", reason="Audit: Q4, to be done FOR the CFO until noon"),
    ),
    ("mtls add because it's a `SELECT`", intent("mtls add", reason="it's a `SELECT`")),
    ('mtls add because "why" and "how"', intent("mtls add", reason='why" and "how')),
    ("mtls add because because", intent("mtls add", reason="because")),
    ("mtls add because latency &lt;5ms &amp; &gt;1ms", intent("mtls add", reason="latency <5ms & >1ms")),
    ("mtls add because latency <5ms", intent("mtls add", reason="latency <5ms")),
    ("mtls add because &amp;lt; is typed", intent("mtls add", reason="&lt; is typed")),
    ("mtls add because <@U012ABC|sam> asked", intent("mtls add", reason="@sam asked")),
    ("mtls add because <@U012ABC> asked", intent("mtls add", reason="@U012ABC asked")),
    ("mtls add because of <#C012|general>", intent("mtls add", reason="of #general")),
    ("mtls add because <!subteam^S012|@leads> said", intent("mtls add", reason="@leads said")),
    ("mtls add because <!here>", intent("mtls add", reason="@here")),
    ("mtls add because <https://a.example/x?y=1>", intent("mtls add", reason="https://a.example/x?y=1")),
    ("mtls add because <mailto:a@b.example|a@b.example>", intent("mtls add", reason="a@b.example")),
    ("mtls add because <mailto:a@b.example>", intent("mtls add", reason="a@b.example")),
    ("mtls add because 🔥 now", intent("mtls add", reason="🔥 now")),
    # what Slack, a clipboard or a sentence puts around an address
    ("mtls add <http://203.0.113.4|203.0.113.4>", ADD),
    (
        "mtls add <http://203.0.113.4|203.0.113.4> for 8h",
        intent("mtls add", address="203.0.113.4", duration="8h"),
    ),
    ("mtls add <http://203.0.113.0/24|203.0.113.0/24>", intent("mtls add", address="203.0.113.0/24")),
    ("mtls add `203.0.113.4`", ADD),
    ("mtls add '203.0.113.4'", ADD),
    ("mtls add (203.0.113.4)", ADD),
    ("mtls add 203.0.113.4.", ADD),
    ("mtls add 203.0.113.4, for 8h", intent("mtls add", address="203.0.113.4", duration="8h")),
    ("mtls add 203.0.113.4\u200b", ADD),
    ("mtls add \ufeff203.0.113.4", ADD),
    ("mtls add 203.0.\u2060113.4", ADD),
    ("mtls add\u00a0203.0.113.4", ADD),
    ("mtls add\u2028203.0.113.4", ADD),
    ("mtls add \u200e203.0.113.4", ADD),
    ("mtls add 2001:db8::1", intent("mtls add", address="2001:db8::1")),
    ("mtls add banana", intent("mtls add", address="banana")),
    ("mtls add 203.0.113.4,203.0.113.5", intent("mtls add", address="203.0.113.4,203.0.113.5")),
    ("mtls add <<>>", intent("mtls add", address="<>")),
    ("mtls add &lt;address&gt;", intent("mtls add", address="<address>")),
    # Japanese keyboards
    ("ｍｔｌｓ　ａｄｄ　２０３．０．１１３．４", ADD),
    ("mtls add ２０３．０．１１３．０／２４", intent("mtls add", address="203.0.113.0/24")),
    ("mtls add 203.0.113.4、", ADD),
    ("mtls add 「203.0.113.4」", ADD),
    (
        "mtls add 203.0.113.4 対象 billing 期間 8時間 理由 移行の確認",
        intent("mtls add", address="203.0.113.4", target="billing", duration="8時間", reason="移行の確認"),
    ),
    (
        "mtls　add　203.0.113.4　対象：billing　期限：明日9:00　理由：「移行の確認」",
        intent("mtls add", address="203.0.113.4", target="billing", until="明日9:00", reason="移行の確認"),
    ),
    (
        "mtls add 203.0.113.4 期限 明日 9:00 理由 障害対応 for 顧客",
        intent("mtls add", address="203.0.113.4", until="明日 9:00", reason="障害対応 for 顧客"),
    ),
    ("ｌｉｓｔ　ｍｉｎｅ", intent("list", target="mine")),
    ("ｓｈｏｗ　＃１７", intent("show", number=17)),
    ("ヘルプ", intent("help")),
    # list, show, help
    ("list", intent("list")),
    ("list mine", intent("list", target="mine")),
    ("LIST Pending", intent("list", target="pending")),
    ("list billing", intent("list", target="billing")),
    ("list Billing", intent("list", target="Billing")),
    ("list `billing`", intent("list", target="billing")),
    ("list <@U012ABC|engineer>", intent("list", mentioned="U012ABC")),
    ("list <@U012ABC|engineer> before #17", intent("list", mentioned="U012ABC", number=17)),
    ("list ended", intent("list", target="ended")),
    ("list Ended before 17", intent("list", target="ended", number=17)),
    ("list 203.0.113.4", intent("list", address="203.0.113.4")),
    ("list 203.0.113.0/28 before 17", intent("list", address="203.0.113.0/28", number=17)),
    # who
    ("who", intent("who")),
    ("who billing", intent("who", target="billing")),
    ("who billing at 2026-03-03 14:00", intent("who", target="billing", moment="2026-03-03 14:00")),
    ("who billing AT yesterday at 14:00", intent("who", target="billing", moment="yesterday at 14:00")),
    ("who billing 時刻 昨日 14:00", intent("who", target="billing", moment="昨日 14:00")),
    ("who at at 14:00", intent("who", target="at", moment="14:00")),
    ("list <@W012ABC>", intent("list", mentioned="W012ABC")),
    ("LIST  <@U012ABC|Two Words>", intent("list", mentioned="U012ABC")),
    ("show", intent("show")),
    ("show 17", intent("show", number=17)),
    ("show #17", intent("show", number=17)),
    ("show 17.", intent("show", number=17)),
    ("show 999999999", intent("show", number=999_999_999)),
    ("help", intent("help")),
    ("Help", intent("help")),
    ("?", intent("help")),
    ("--help", intent("help")),
    ("—help", intent("help")),
    ("-h", intent("help")),
    ("help mtls", intent("help", topic=("mtls",))),
    ("help mtls add", intent("help", topic=("mtls", "add"))),
    ("help mtls add 203.0.113.4", intent("help", topic=("mtls", "add"))),
    ("help show", intent("help", topic=("show",))),
    ("help help", intent("help", topic=("help",))),
    ("mtls", intent("help", topic=("mtls",))),
    ("mtls help", intent("help", topic=("mtls",))),
    ("mtls ?", intent("help", topic=("mtls",))),
    ("mtls add help", intent("help", topic=("mtls", "add"))),
    ("mtls add --help", intent("help", topic=("mtls", "add"))),
    ("mtls certificate", intent("help", topic=("mtls", "certificate"))),
    ("privatelink", intent("help", topic=("privatelink",))),
    ("trusted help", intent("help", topic=("trusted",))),
    ("show help", intent("help", topic=("show",))),
    ("mtls list help", intent("help", topic=("mtls", "list"))),
    ("extend ?", intent("help", topic=("extend",))),
    ("help mtls list billing", intent("help", topic=("mtls", "list"))),
    ("help revoke", intent("help", topic=("revoke",))),
    ("cancel ヘルプ", intent("help", topic=("cancel",))),
    # mtls adopt
    ("mtls adopt", intent("mtls adopt")),
    (
        "mtls adopt 203.0.113.4 on billing because it is the vendor's",
        intent("mtls adopt", address="203.0.113.4", target="billing", reason="it is the vendor's"),
    ),
    # mtls remove
    ("mtls remove", intent("mtls remove")),
    ("mtls remove 203.0.113.4", intent("mtls remove", address="203.0.113.4")),
    ("mtls remove 203.0.113.4 from billing", REMOVE),
    ("MTLS REMOVE 203.0.113.4 FROM billing", REMOVE),
    ("mtls remove `203.0.113.4` from: `billing`", REMOVE),
    ("mtls remove 203.0.113.4 on billing", REMOVE),
    ("mtls remove <http://203.0.113.4|203.0.113.4> from billing", REMOVE),
    (
        "mtls remove 203.0.113.0/28 from billing",
        intent("mtls remove", address="203.0.113.0/28", target="billing"),
    ),
    ("mtls remove from billing", intent("mtls remove", target="billing")),
    ("mtls remove because the audit is over", intent("mtls remove", reason="the audit is over")),
    (
        "mtls remove 203.0.113.4 from billing because nobody is there for ever",
        intent("mtls remove", address="203.0.113.4", target="billing", reason="nobody is there for ever"),
    ),
    (
        "ｍｔｌｓ　ｒｅｍｏｖｅ　２０３．０．１１３．４　対象：billing　理由：調査の終了",
        intent("mtls remove", address="203.0.113.4", target="billing", reason="調査の終了"),
    ),
    # mtls list, status, why: of one database, or none said
    ("mtls list", intent("mtls list")),
    ("mtls list billing", intent("mtls list", target="billing")),
    ("mtls list on billing", intent("mtls list", target="billing")),
    ("mtls list on: `billing`", intent("mtls list", target="billing")),
    ("mtls list of", intent("mtls list", target="of")),
    ("mtls list 対象 billing", intent("mtls list", target="billing")),
    ("list on billing", intent("list", target="billing")),
    ("list on Mine", intent("list", target="mine")),
    ("status", intent("status")),
    ("status billing", intent("status", target="billing")),
    ("Status Billing.", intent("status", target="Billing")),
    ("status on billing", intent("status", target="billing")),
    ("status 売上", intent("status", target="売上")),
    ("ｓｔａｔｕｓ　ｂｉｌｌｉｎｇ", intent("status", target="billing")),
    ("why", intent("why")),
    ("why billing", intent("why", target="billing")),
    ("why billing?", intent("why", target="billing")),
    ("why 「billing」", intent("why", target="billing")),
    ("why 198.51.100.9 on billing", intent("why", address="198.51.100.9", target="billing")),
    ("why 198.51.100.0/24", intent("why", address="198.51.100.0/24")),
    (
        "ｗｈｙ　１９８．５１．１００．９　対象：billing",
        intent("why", address="198.51.100.9", target="billing"),
    ),
    # what a number is enough for
    ("cancel", intent("cancel")),
    ("cancel 17", intent("cancel", number=17)),
    ("cancel #17", intent("cancel", number=17)),
    ("Cancel 17.", intent("cancel", number=17)),
    ("cancel 17番", intent("cancel", number=17)),
    ("ｃａｎｃｅｌ　＃１７", intent("cancel", number=17)),
    ("cancel 17 because asked twice", intent("cancel", number=17, reason="asked twice")),
    ("cancel because asked twice", intent("cancel", reason="asked twice")),
    ("done", intent("done")),
    ("done 17", intent("done", number=17)),
    ("done `17`", intent("done", number=17)),
    ("done 17 理由：移行が終わった", intent("done", number=17, reason="移行が終わった")),
    ("revoke 17", intent("revoke", number=17)),
    ("revoke <@U012ABC|engineer>", intent("revoke", mentioned="U012ABC")),
    (
        "revoke <@U012ABC|engineer> because <@U0LEAD|lead> says so",
        intent("revoke", mentioned="U012ABC", reason="@lead says so"),
    ),
    (
        "revoke #17 because “lost laptop” &amp; more",
        intent("revoke", number=17, reason='"lost laptop" & more'),
    ),
    ("Retry 17", intent("retry", number=17)),
    ("retry #999999999", intent("retry", number=999_999_999)),
    # extend
    ("extend", intent("extend")),
    ("extend 17", intent("extend", number=17)),
    ("extend 17 for 4h", intent("extend", number=17, duration="4h")),
    ("extend #17 for 1h 30m", intent("extend", number=17, duration="1h 30m")),
    ("extend 17 until 18:00", intent("extend", number=17, until="18:00")),
    ("extend 17 until tomorrow 9:00", intent("extend", number=17, until="tomorrow 9:00")),
    ("extend 17 for 4h because slow", intent("extend", number=17, duration="4h", reason="slow")),
    ("extend 17 because slow", intent("extend", number=17, reason="slow")),
    ("extend for 4h", intent("extend", duration="4h")),
    ("extend 17 for ever", intent("extend", number=17, duration="forever")),
    (
        "extend 17 期間 4時間 理由 移行の遅れ",
        intent("extend", number=17, duration="4時間", reason="移行の遅れ"),
    ),
    ("extend　17　期限：明日9:00", intent("extend", number=17, until="明日9:00")),
    # certificates and the endpoint
    ("mtls enable billing", intent("mtls enable", target="billing")),
    (
        "mtls enable on billing because the export",
        intent("mtls enable", target="billing", reason="the export"),
    ),
    ("mtls disable billing", intent("mtls disable", target="billing")),
    ("mtls disable", intent("mtls disable")),
    ("mtls certificate new on billing", intent("mtls certificate new", target="billing")),
    (
        "mtls certificate new billing because etl",
        intent("mtls certificate new", target="billing", reason="etl"),
    ),
    (
        "mtls certificate new 対象 billing 理由：夜間処理",
        intent("mtls certificate new", target="billing", reason="夜間処理"),
    ),
    ("mtls certificate list", intent("mtls certificate list")),
    ("mtls certificate list billing", intent("mtls certificate list", target="billing")),
    ("mtls certificate remove #3", intent("mtls certificate remove", certificate="3")),
    (
        "mtls certificate remove 0a1b2c3d because lost",
        intent("mtls certificate remove", certificate="0a1b2c3d", reason="lost"),
    ),
    ("mtls certificate remove", intent("mtls certificate remove")),
    ("mtls certificate get 3", intent("mtls certificate get", certificate="3")),
    ("mtls certificate get #3", intent("mtls certificate get", certificate="3")),
    ("mtls certificate get 3番", intent("mtls certificate get", certificate="3")),
    ("mtls certificate get `0A1B2C3D`", intent("mtls certificate get", certificate="0A1B2C3D")),
    ("mtls certificate get", intent("mtls certificate get")),
    ("mtls certificate rotate 3", intent("mtls certificate rotate", certificate="3")),
    (
        "mtls certificate rotate #17 because it grows old",
        intent("mtls certificate rotate", certificate="17", reason="it grows old"),
    ),
    ("mtls certificate rotate 7c2b0c9e", intent("mtls certificate rotate", certificate="7c2b0c9e")),
    ("mtls certificate rotate", intent("mtls certificate rotate")),
    ("privatelink open 123456789012", intent("privatelink open", address="123456789012")),
    (
        "privatelink open billing account 123456789012 for 2d because nightly export",
        intent(
            "privatelink open",
            address="123456789012",
            target="billing",
            duration="2d",
            reason="nightly export",
        ),
    ),
    (
        "privatelink open billing 123456789012, 210987654321:user/etl",
        intent("privatelink open", address="123456789012 210987654321:user/etl", target="billing"),
    ),
    (
        "privatelink add 123456789012,210987654321 to billing until 18:00",
        intent("privatelink add", address="123456789012,210987654321", target="billing", until="18:00"),
    ),
    (
        "privatelink add arn:aws:iam::123456789012:root on billing permanently",
        intent(
            "privatelink add", address="arn:aws:iam::123456789012:root", target="billing", duration="forever"
        ),
    ),
    ("privatelink open billing", intent("privatelink open", target="billing")),
    ("privatelink open", intent("privatelink open")),
    (
        "privatelink remove 123456789012 from billing because done",
        intent("privatelink remove", address="123456789012", target="billing", reason="done"),
    ),
    (
        "privatelink remove billing アカウント 123456789012",
        intent("privatelink remove", address="123456789012", target="billing"),
    ),
    (
        "privatelink adopt 123456789012 on billing because it is ours",
        intent("privatelink adopt", address="123456789012", target="billing", reason="it is ours"),
    ),
    ("privatelink status billing", intent("privatelink status", target="billing")),
    ("privatelink close", intent("privatelink close")),
    (
        "privatelink close billing because moved",
        intent("privatelink close", target="billing", reason="moved"),
    ),
    ("privatelink close on billing", intent("privatelink close", target="billing")),
    ("trusted add 203.0.113.4", intent("trusted add", address="203.0.113.4")),
    (
        "trusted add 203.0.113.0/28 to acme for 8h because the BI tool knows no certificates",
        intent(
            "trusted add",
            address="203.0.113.0/28",
            target="acme",
            duration="8h",
            reason="the BI tool knows no certificates",
        ),
    ),
    (
        "trusted remove 203.0.113.4 from acme because moved",
        intent("trusted remove", address="203.0.113.4", target="acme", reason="moved"),
    ),
    (
        "trusted adopt 203.0.113.4 on acme",
        intent("trusted adopt", address="203.0.113.4", target="acme"),
    ),
    ("trusted status acme", intent("trusted status", target="acme")),
    ("trusted status", intent("trusted status")),
    ("trusted list acme", intent("trusted list", target="acme")),
    ("advise", intent("advise")),
    ("advise billing", intent("advise", target="billing")),
    ("advise on billing", intent("advise", target="billing")),
]

WRONG: list[tuple[str, Refusal, dict[str, Any]]] = [
    # misspelt: did you mean
    ("mlts add 203.0.113.4", Refusal.UNKNOWN_WORD, {"word": "mlts", "suggestion": "mtls"}),
    ("mtsl add 203.0.113.4", Refusal.UNKNOWN_WORD, {"suggestion": "mtls"}),
    ("mtls ad 203.0.113.4", Refusal.UNKNOWN_WORD, {"word": "ad", "suggestion": "add"}),
    ("mtls dad 203.0.113.4", Refusal.UNKNOWN_WORD, {"suggestion": "add"}),
    ("mtls remvoe 203.0.113.4", Refusal.UNKNOWN_WORD, {"suggestion": "remove"}),
    ("mtls certifcate new", Refusal.UNKNOWN_WORD, {"suggestion": "certificate"}),
    ("mtls certificate get 3 now", Refusal.WORD_TOO_MANY, {"word": "now"}),
    ("mtls certificate rotaet 3", Refusal.UNKNOWN_WORD, {"suggestion": "rotate"}),
    ("privatelink open billing account 123456789012 to ledger", Refusal.WORD_TOO_MANY, {"word": "billing"}),
    ("privatelink close billing on ledger", Refusal.UNKNOWN_HERE, {"word": "on"}),
    ("privatelink status billing ledger", Refusal.WORD_TOO_MANY, {"word": "ledger"}),
    ("privatelink remove 123456789012 for 8h", Refusal.UNKNOWN_HERE, {"word": "for"}),
    ("privatlink open", Refusal.UNKNOWN_WORD, {"suggestion": "privatelink"}),
    ("lits", Refusal.UNKNOWN_WORD, {"suggestion": "list"}),
    ("hepl", Refusal.UNKNOWN_WORD, {"suggestion": "help"}),
    ("help mtls ad", Refusal.UNKNOWN_WORD, {"suggestion": "add"}),
    ("EXTENT 17", Refusal.UNKNOWN_WORD, {"word": "EXTENT", "suggestion": "extend"}),
    ("mtls add 203.0.113.4 untill 18:00", Refusal.UNKNOWN_WORD, {"word": "untill", "suggestion": "until"}),
    ("mtls add 203.0.113.4 becuase audit", Refusal.UNKNOWN_WORD, {"suggestion": "because"}),
    ("mtls add 203.0.113.4 fro 8h", Refusal.UNKNOWN_WORD, {"suggestion": "for"}),
    ("mtls add 203.0.113.4 for 8h untill 18:00", Refusal.UNKNOWN_WORD, {"suggestion": "until"}),
    ("mtls add 203.0.113.4 to billing fo 8h", Refusal.UNKNOWN_WORD, {"word": "fo", "suggestion": "for"}),
    ("mtls add 203.0.113.4 permanantly", Refusal.UNKNOWN_WORD, {"suggestion": "permanently"}),
    ("mtls lsit billing", Refusal.UNKNOWN_WORD, {"word": "lsit", "suggestion": "list"}),
    ("mtls remove 203.0.113.4 form billing", Refusal.UNKNOWN_WORD, {"word": "form", "suggestion": "from"}),
    ("mtls remove 203.0.113.4 from billing becuase x", Refusal.UNKNOWN_WORD, {"suggestion": "because"}),
    ("stauts billing", Refusal.UNKNOWN_WORD, {"suggestion": "status"}),
    ("wyh billing", Refusal.UNKNOWN_WORD, {"suggestion": "why"}),
    ("cancle 17", Refusal.UNKNOWN_WORD, {"word": "cancle", "suggestion": "cancel"}),
    ("dnoe 17", Refusal.UNKNOWN_WORD, {"suggestion": "done"}),
    ("revok 17", Refusal.UNKNOWN_WORD, {"suggestion": "revoke"}),
    ("retyr 17", Refusal.UNKNOWN_WORD, {"suggestion": "retry"}),
    ("extned 17 for 4h", Refusal.UNKNOWN_WORD, {"suggestion": "extend"}),
    ("extend 17 fro 4h", Refusal.UNKNOWN_WORD, {"word": "fro", "suggestion": "for"}),
    ("cancel 17 becuase twice", Refusal.UNKNOWN_WORD, {"suggestion": "because"}),
    ("help extned", Refusal.UNKNOWN_WORD, {"suggestion": "extend"}),
    # far off: what is possible
    ("banana", Refusal.UNKNOWN_HERE, {"word": "banana", "example": COMMANDS["mtls", "add"].example}),
    ("203.0.113.4", Refusal.UNKNOWN_HERE, {"word": "203.0.113.4"}),
    (
        "mtls banana",
        Refusal.UNKNOWN_HERE,
        {"known": "add, remove, adopt, list, enable, disable, certificate"},
    ),
    ("mtls 203.0.113.4", Refusal.UNKNOWN_HERE, {}),
    ("trusted open", Refusal.UNKNOWN_HERE, {"known": "add, remove, adopt, list, status"}),
    ("help banana", Refusal.UNKNOWN_HERE, {}),
    ("追加 203.0.113.4", Refusal.UNKNOWN_HERE, {"word": "追加"}),
    ("mtls add 203.0.113.4 please", Refusal.UNKNOWN_HERE, {"word": "please"}),
    (
        "mtls add 203.0.113.4 billing",
        Refusal.UNKNOWN_HERE,
        {"known": "to, on, from, for, at, until, because, permanently"},
    ),
    ("mtls add 203.0.113.4 to billing ledger", Refusal.UNKNOWN_HERE, {"word": "ledger"}),
    ("mtls add 203.0.113.4 for 8h billing", Refusal.UNKNOWN_HERE, {"word": "billing"}),
    ("mtls add to billing 203.0.113.4", Refusal.UNKNOWN_HERE, {"word": "203.0.113.4"}),
    ("mtls add 203.0.113.4 --for 8h", Refusal.UNKNOWN_WORD, {"word": "--for", "suggestion": "for"}),
    # one address
    # clauses
    ("mtls add 203.0.113.4 to", Refusal.CLAUSE_EMPTY, {"word": "to", "example": "to billing"}),
    ("mtls add 203.0.113.4 TO", Refusal.CLAUSE_EMPTY, {"word": "to"}),
    ('mtls add 203.0.113.4 to ""', Refusal.CLAUSE_EMPTY, {"word": "to"}),
    ("mtls add 203.0.113.4 to for 8h", Refusal.CLAUSE_EMPTY, {"word": "to"}),
    ("mtls add 203.0.113.4 for", Refusal.CLAUSE_EMPTY, {"word": "for", "example": "for 8h"}),
    ("mtls add 203.0.113.4 until", Refusal.CLAUSE_EMPTY, {"example": "until 18:00"}),
    ("mtls add 203.0.113.4 because", Refusal.CLAUSE_EMPTY, {"word": "because"}),
    ('mtls add 203.0.113.4 because ""', Refusal.CLAUSE_EMPTY, {"word": "because"}),
    ("mtls add 203.0.113.4 理由：", Refusal.CLAUSE_EMPTY, {"word": "理由"}),
    ("mtls add 203.0.113.4 to billing to ledger", Refusal.CLAUSE_TWICE, {"word": "to"}),
    ("mtls add 203.0.113.4 to billing on ledger", Refusal.CLAUSE_TWICE, {"word": "on"}),
    ("mtls add 203.0.113.4 for 8h for 9h", Refusal.CLAUSE_TWICE, {"word": "for", "example": "for 8h"}),
    ("mtls add 203.0.113.4 期間 8h for 9h", Refusal.CLAUSE_TWICE, {"word": "for"}),
    ("mtls add 203.0.113.4 for 8h until 18:00", Refusal.CLAUSE_BOTH_ENDS, {}),
    ("mtls add until 18:00 for 8h because x", Refusal.CLAUSE_BOTH_ENDS, {}),
    ("mtls add me for", Refusal.CLAUSE_EMPTY, {"word": "for"}),
    # an address that the bot would have to find out
    ("mtls remove me", Refusal.ADDRESS_ME, {"example": COMMANDS["mtls", "remove"].example}),
    ("mtls adopt me", Refusal.ADDRESS_ME, {"example": COMMANDS["mtls", "adopt"].example}),
    ("mtls add 203.0.113.4 permanently for 8h", Refusal.CLAUSE_TWICE, {"word": "for", "example": "for 8h"}),
    (
        "mtls add 203.0.113.4 for 8h permanently",
        Refusal.CLAUSE_TWICE,
        {"word": "permanently", "example": "for 8h"},
    ),
    ("mtls add 203.0.113.4 permanently until 18:00", Refusal.CLAUSE_BOTH_ENDS, {}),
    ("mtls add 203.0.113.4 for ever and ever", Refusal.UNKNOWN_HERE, {"word": "and"}),
    ("mtls remove 203.0.113.4 from", Refusal.CLAUSE_EMPTY, {"word": "from", "example": "from billing"}),
    ("mtls remove 203.0.113.4 from billing because", Refusal.CLAUSE_EMPTY, {"word": "because"}),
    (
        "mtls remove 203.0.113.4 from billing on ledger",
        Refusal.CLAUSE_TWICE,
        {"word": "on", "example": "on billing"},
    ),
    ("mtls list on", Refusal.CLAUSE_EMPTY, {"word": "on", "example": "on billing"}),
    ("extend 17 for", Refusal.CLAUSE_EMPTY, {"word": "for"}),
    ("extend 17 for 4h until 18:00", Refusal.CLAUSE_BOTH_ENDS, {}),
    ("revoke 17 because", Refusal.CLAUSE_EMPTY, {"word": "because", "example": "because migration check"}),
    ("cancel 17 理由", Refusal.CLAUSE_EMPTY, {"word": "理由", "example": "理由 migration check"}),
    # clauses that make no sense here
    (
        "mtls remove 203.0.113.4 for 8h",
        Refusal.UNKNOWN_HERE,
        {"word": "for", "known": "to, on, from, because"},
    ),
    ("mtls remove 203.0.113.4 permanently", Refusal.UNKNOWN_HERE, {"word": "permanently"}),
    ("mtls remove 203.0.113.4 billing", Refusal.UNKNOWN_HERE, {"known": "to, on, from, because"}),
    ("extend 17 to billing", Refusal.UNKNOWN_HERE, {"known": "for, until, because, permanently"}),
    ("extend 17 4h", Refusal.UNKNOWN_HERE, {"word": "4h"}),
    ("revoke 17 from billing", Refusal.UNKNOWN_HERE, {"word": "from", "known": "because"}),
    ("done 17 18", Refusal.UNKNOWN_HERE, {"word": "18", "known": "because"}),
    ("cancel 17 asked twice", Refusal.UNKNOWN_HERE, {"word": "asked"}),
    ("status for 8h", Refusal.UNKNOWN_HERE, {"word": "for", "known": "to, on, from"}),
    ("why because", Refusal.UNKNOWN_HERE, {"word": "because"}),
    ("mtls list on billing because x", Refusal.UNKNOWN_HERE, {"word": "because"}),
    # numbers and words too many
    ("cancel abc", Refusal.NUMBER_UNREADABLE, {"word": "abc", "example": f"{COMMAND} cancel 17"}),
    ("done billing", Refusal.NUMBER_UNREADABLE, {"word": "billing"}),
    ("extend 4h", Refusal.NUMBER_UNREADABLE, {"word": "4h"}),
    ("done <@U012ABC|engineer>", Refusal.NUMBER_UNREADABLE, {"word": "@U012ABC"}),
    # people, by name only
    ("revoke @engineer", Refusal.PERSON_NAMELESS, {"word": "@engineer", "command": f"{COMMAND} revoke"}),
    ("list @engineer", Refusal.PERSON_NAMELESS, {"word": "@engineer", "command": f"{COMMAND} list"}),
    ("list @u012abc", Refusal.PERSON_NAMELESS, {"word": "@u012abc"}),
    ("list <!subteam^S0LEADS|@leads>", Refusal.PERSON_NAMELESS, {"word": "@leads"}),
    ("list ended before", Refusal.CLAUSE_EMPTY, {"word": "before", "example": "before 17"}),
    ("list ended before noon", Refusal.NUMBER_UNREADABLE, {"word": "noon"}),
    ("list ended before 17 18", Refusal.WORD_TOO_MANY, {"word": "18"}),
    ("list 203.0.113.4 billing", Refusal.WORD_TOO_MANY, {"word": "billing"}),
    ("who billing at", Refusal.CLAUSE_EMPTY, {"word": "at"}),
    ("who billing crm", Refusal.WORD_TOO_MANY, {"word": "crm"}),
    ("list <@U012ABC|engineer> billing", Refusal.WORD_TOO_MANY, {"word": "billing"}),
    ("revoke <@U012ABC|engineer> 17", Refusal.UNKNOWN_HERE, {"word": "17"}),
    ("revoke <@U012ABC|engineer> because", Refusal.CLAUSE_EMPTY, {"word": "because"}),
    ("retry 1e3", Refusal.NUMBER_UNREADABLE, {}),
    ("cancel ##17", Refusal.NUMBER_UNREADABLE, {"word": "##17"}),
    ("cancel #", Refusal.NUMBER_UNREADABLE, {"word": "#"}),
    ("done 0017", Refusal.NUMBER_UNREADABLE, {}),
    ("extend 17' OR '1'='1", Refusal.UNKNOWN_WORD, {"word": "OR", "suggestion": "for"}),
    ("cancel 十七", Refusal.NUMBER_UNREADABLE, {"word": "十七"}),
    ("mtls list billing ledger", Refusal.WORD_TOO_MANY, {"word": "ledger"}),
    ("mtls list billing on ledger", Refusal.WORD_TOO_MANY, {"word": "on"}),
    (
        "status billing ledger",
        Refusal.WORD_TOO_MANY,
        {"word": "ledger", "example": f"{COMMAND} status billing"},
    ),
    ("why billing now", Refusal.WORD_TOO_MANY, {"word": "now"}),
    ("why 198.51.100.9 198.51.100.10 on billing", Refusal.ADDRESS_SEVERAL, {}),
    ("show abc", Refusal.NUMBER_UNREADABLE, {"word": "abc", "example": f"{COMMAND} show 17"}),
    ("show 0", Refusal.NUMBER_UNREADABLE, {}),
    ("show -1", Refusal.NUMBER_UNREADABLE, {}),
    ("show 1.5", Refusal.NUMBER_UNREADABLE, {}),
    ("show 9999999999", Refusal.NUMBER_UNREADABLE, {}),
    ("show ٣", Refusal.NUMBER_UNREADABLE, {}),
    ("show 17 18", Refusal.WORD_TOO_MANY, {"word": "18"}),
    ("list mine billing", Refusal.WORD_TOO_MANY, {"word": "billing"}),
    # hostile
    ("a" * 10_000, Refusal.LINE_TOO_LONG, {"limit": LONGEST_LINE}),
    ("mtls add because " + "x" * 10_000, Refusal.LINE_TOO_LONG, {}),
    ("mtls add because " + "\ufdfa" * 500, Refusal.LINE_TOO_LONG, {}),  # eighteen characters each
    ("<" * 10_000, Refusal.LINE_TOO_LONG, {}),
    ("<" * 1500, Refusal.UNKNOWN_HERE, {"word": "<" * 59 + "…"}),
    ("<<<a|b>|c>|d>", Refusal.UNKNOWN_HERE, {}),
    ("``````", Refusal.UNKNOWN_HERE, {"word": "…"}),
    ("mtls add 203.0.113.4\x00", Refusal.LINE_CONTROL, {"code": "U+0000"}),
    ("mtls\x1b[2J add", Refusal.LINE_CONTROL, {"code": "U+001B"}),
    ("mtls add \u202e4.311.0.302", Refusal.LINE_CONTROL, {"code": "U+202E"}),
    ("mtls add because \u2066x\u2069", Refusal.LINE_CONTROL, {"code": "U+2066"}),
    ("mtls add because \U000e0041", Refusal.LINE_CONTROL, {"code": "U+E0041"}),
    ("mtls add because \ud800", Refusal.LINE_CONTROL, {"code": "U+D800"}),
    ("mtls add\x85", Refusal.LINE_CONTROL, {"code": "U+0085"}),
]


@pytest.mark.parametrize(("line", "expected"), RIGHT)
def test_a_valid_line_is_parsed(line: str, expected: Intent) -> None:
    assert parse(line) == expected


@pytest.mark.parametrize(("line", "refusal", "params"), WRONG)
def test_an_invalid_line_is_refused_by_name(line: str, refusal: Refusal, params: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        parse(line)
    assert refused.value.reason is refusal
    assert {name: refused.value.params[name] for name in params} == params


@pytest.mark.parametrize(("line", "refusal", "params"), WRONG)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_line_has_a_sentence_that_its_params_fill(
    line: str, refusal: Refusal, params: dict[str, Any], language: str
) -> None:
    with pytest.raises(Refused) as refused:
        parse(line)
    sentence = CATALOGUE[language][refused.value.key].format_map(refused.value.params)
    assert len(sentence) < 500
    assert sentence.isprintable()
    assert sentence.count("`") % 2 == 0


def test_every_refusal_has_a_sentence_in_both_languages_with_the_same_placeholders() -> None:
    def placeholders(sentence: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence)} - {None}

    for sentences in CATALOGUE.values():
        keys = {key.removeprefix("refused.") for key in sentences if key.startswith("refused.")}
        assert keys == set(Refusal)
    for refusal in Refusal:
        in_english, in_japanese = (CATALOGUE[language][Refused(refusal).key] for language in LANGUAGES)
        assert placeholders(in_english) == placeholders(in_japanese), refusal
        assert "`" in in_english, "an example that is right"
        assert "`" in in_japanese, "an example that is right"


@pytest.mark.parametrize("path", COMMANDS)
def test_the_example_of_every_command_is_right_and_means_that_command(path: tuple[str, ...]) -> None:
    assert parse(COMMANDS[path].example.removeprefix(COMMAND)).command == path


HINTS = st.sampled_from(
    (
        *("mtls", "add", "203.0.113.4", "to", "billing", "for", "8h", "until", "18:00", "because"),
        *("list", "show", "help", "me", "?", "--for", "at", "minutes"),
        *("<", ">", "|", "&lt;", "&", "`", '"', ":", "\u3000", "\u202e", "\x00", "理由", "：", "\ud800"),
    )
)


@given(st.one_of(st.text(), st.lists(st.one_of(HINTS, st.text(max_size=5)), max_size=12).map(" ".join)))
@example("<<>>" * 400)
@example("mtls add for for:for: :")
def test_any_text_is_parsed_or_refused_and_raises_nothing_else(line: str) -> None:
    try:
        parse(line)
    except Refused as refused:
        CATALOGUE["en"][refused.key].format_map(refused.params)


WORD = st.text(st.characters(codec="utf-8", categories=("L", "N", "Po", "Sm", "Lo")), min_size=1, max_size=20)
PLAIN = st.from_regex(r"[a-z0-9][a-z0-9./-]{0,20}[a-z0-9]", fullmatch=True).filter(
    lambda word: word not in {*WORDS, *ENDLESS}
)


@st.composite
def additions(draw: st.DrawFn) -> Intent:
    reason = draw(st.none() | st.lists(WORD, min_size=1, max_size=6).map(" ".join))
    if reason is not None:
        reason = normalize_text(reason)
        assume(reason and unquoted(reason) == reason and not any(char in reason for char in "&<>"))
    ends = draw(
        st.sampled_from(
            ((None, None), ("1h 30m", None), ("8 hours", None), ("forever", None), (None, "tomorrow 9:00"))
        )
    )
    address = draw(st.none() | PLAIN.filter(lambda word: word not in ("me", "help")))
    return intent(
        "mtls add",
        address=address,
        target=draw(st.none() | PLAIN),
        duration=ends[0],
        until=ends[1],
        reason=reason,
    )


def as_line(intent: Intent) -> str:
    typed = intent.input
    clauses = (
        ("to", typed.target),
        ("for", typed.duration),
        ("until", typed.until),
        ("because", typed.reason),
    )
    words = (f"{keyword} {value}" for keyword, value in clauses if value is not None)
    return " ".join(("mtls add", *((typed.address,) if typed.address else ()), *words))


@given(additions())
def test_a_request_written_as_a_line_is_parsed_as_the_same_request(request_intent: Intent) -> None:
    assert parse(as_line(request_intent)) == request_intent


@given(st.integers(min_value=1, max_value=999_999_999))
def test_a_number_may_be_typed_as_it_is_shown(number: int) -> None:
    assert parse(f"show {number}") == parse(f"show #{number}") == intent("show", number=number)
    assert parse(f"extend {number}") == parse(f"extend #{number}") == intent("extend", number=number)
    for line in (f"done {number}", f"done #{number}", f"done {number}番"):
        assert parse(line) == intent("done", number=number)


def test_there_are_at_least_two_hundred_lines_and_no_duplicates() -> None:
    lines = [line for line, _ in RIGHT] + [line for line, _, _ in WRONG]
    assert len(lines) >= 200
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_with_two_swapped_letters_is_recognised(path: tuple[str, ...]) -> None:
    *group, verb = path
    swapped = verb[1] + verb[0] + verb[2:]
    with pytest.raises(Refused) as refused:
        parse(" ".join((*group, swapped, "17")))
    assert refused.value.reason is Refusal.UNKNOWN_WORD
    assert refused.value.params["suggestion"] == verb


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_says_what_it_does_in_one_line(path: tuple[str, ...]) -> None:
    does = COMMANDS[path].does
    assert does.endswith(".")
    assert "\n" not in does


def test_no_word_of_the_clauses_and_lists_can_be_an_alias_of_a_database() -> None:
    latin = {word for word in (*WORDS, *ENDLESS) if word.isascii()}
    assert latin | {"mine", "pending", "me", "help"} <= RESERVED


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != ("help",)])
def test_help_is_parsed_from_the_words_of_its_command(path: tuple[str, ...]) -> None:
    words = " ".join(path)
    assert parse(f"help {words}") == parse(f"{words} help") == intent("help", topic=path)


@given(st.text())
def test_normalization_is_idempotent(text: str) -> None:
    try:
        line = normalize_text(text)
    except Refused:
        return
    assert normalize_text(line) == line
    assert line == " ".join(line.split())


def test_only_the_text_of_a_command_is_freed_of_slacks_markup() -> None:
    assert normalize_command("&lt;b&gt; <http://a.example|a.example>") == "<b> a.example"
    assert normalize_text("&lt;b&gt;") == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("add", "add", 0),
        ("ad", "add", 1),
        ("mlts", "mtls", 1),
        ("", "abc", 3),
        ("until", "untill", 1),
        ("ca", "abc", 3),
    ],
)
def test_slips_are_letters_left_out_added_mistaken_or_swapped(one: str, other: str, count: int) -> None:
    assert slips(one, other) == slips(other, one) == count


def test_the_nearest_word_is_offered_only_when_it_is_near() -> None:
    assert nearest("fro", ("from", "for")) == "for"
    assert nearest("fo", ("to", "for")) == "for"
    assert nearest("--until", ("until",)) == "until"
    assert nearest("--", ("to", "for")) is None
    assert nearest("xy", ("to", "for")) is None
    assert nearest("certfcate", ("certificate",)) == "certificate"
    assert nearest("crtfcate", ("certificate",)) is None


# --- labels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["billing::ANALYTICS", "from::DATABASE", "until::HEROKU_POSTGRESQL_PINK"])
@pytest.mark.parametrize(
    "line",
    [
        "mtls add 203.0.113.4 to {label} for 8h because of it",
        "mtls add 203.0.113.4 on: {label}",
        "mtls remove 203.0.113.4 from {label} because of it",
        "mtls adopt 203.0.113.4 on {label} because of it",
        "mtls list {label}",
        "mtls enable {label}",
        "mtls disable {label} because of it",
        "mtls certificate new on {label} because of it",
        "mtls certificate list {label}",
        "privatelink add 123456789012 to {label} for 8h",
        "privatelink remove 123456789012 from {label}",
        "privatelink adopt 123456789012 on {label}",
        "privatelink status {label}",
        "privatelink close {label}",
        "trusted add 203.0.113.4 to {label} for 8h",
        "trusted remove 203.0.113.4 from {label}",
        "trusted adopt 203.0.113.4 on {label}",
        "trusted status {label}",
        "list {label}",
        "status {label}",
        "why {label}",
        "advise {label}",
    ],
)
def test_a_label_of_one_of_several_databases_is_a_target_in_every_command(line: str, label: str) -> None:
    assert parse(normalize_command(line.format(label=label))).input.target == label
