"""Advice: one recommendation for all answers about every database, and never one that cannot be followed."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from bot.domain.advice import (
    Advice,
    Answers,
    Ground,
    Length,
    Need,
    Origin,
    Reason,
    Remark,
    Way,
    advise,
)
from bot.domain.target import Space
from tests.unit import factories

HERE, ELSEWHERE = "us-east-1", "eu-west-1"
ANSWERS = [
    Answers(need=need, origin=origin, region=region, length=length, production=production)
    for need, origin, region, length, production in product(
        Need, Origin, (HERE, ELSEWHERE, "other", None), Length, (False, True)
    )
]
GROUNDS = [
    Ground(region=region, shield=shield, advanced=advanced, fir=fir)
    for region in (HERE, None)
    for shield, advanced, fir in product((False, True), repeat=3)
]
ALL = [(answers, ground, advise(answers, ground)) for answers in ANSWERS for ground in GROUNDS]

PRIVATE = Ground(region=HERE, shield=False, advanced=False, fir=False)
DIRECT = Answers(need=Need.DIRECT, origin=Origin.FIXED, region=None, length=Length.HOURS, production=False)


def told(origin: Origin, *, ground: Ground = PRIVATE, region: str | None = None) -> tuple[Way, Reason]:
    advice = advise(replace(DIRECT, origin=origin, region=region), ground)
    return advice.option, advice.reason


def test_there_is_an_answer_for_everybody_and_every_answer_is_somebodys() -> None:
    assert len(ALL) == 4 * 4 * 4 * 3 * 2 * 16
    assert {advice.option for _, _, advice in ALL} == set(Way)
    assert {advice.reason for _, _, advice in ALL} == set(Reason)
    assert {remark for _, _, advice in ALL for remark in advice.remarks} == set(Remark)


def test_nothing_is_opened_where_nothing_has_to_be() -> None:
    opened = {Way.MTLS, Way.PRIVATELINK, Way.TRUSTED}
    assert all((advice.option in opened) <= (answers.need is Need.DIRECT) for answers, _, advice in ALL)


def test_what_heroku_does_not_offer_is_never_recommended() -> None:
    for _, ground, advice in ALL:
        if ground.advanced:
            assert advice.option not in (
                Way.MTLS,
                Way.PRIVATELINK,
                Way.TRUSTED,
            )
        if ground.shield or ground.fir:
            assert advice.option is not Way.TRUSTED


def test_privatelink_is_never_recommended_from_a_region_that_is_known_to_be_another() -> None:
    for answers, ground, advice in ALL:
        if advice.option is Way.PRIVATELINK:
            assert answers.origin is Origin.VPC
            assert answers.region in (ground.region, None) or ground.region is None


def test_trusted_ranges_are_for_what_can_do_nothing_else() -> None:
    assert {answers.origin for answers, _, advice in ALL if advice.option is Way.TRUSTED} == {Origin.PLAIN}


@pytest.mark.parametrize(
    ("need", "option"),
    [
        (Need.QUERY, Way.DATACLIP),
        (Need.SCRIPT, Way.DYNO),
        (Need.APP, Way.APP),
    ],
)
def test_the_first_question_is_whether_a_connection_is_needed_at_all(need: Need, option: Way) -> None:
    assert {advice.option for answers, _, advice in ALL if answers.need is need} == {option}


def test_from_anywhere_mtls_from_a_vpc_nearby_privatelink() -> None:
    assert told(Origin.FIXED) == (Way.MTLS, Reason.FIXED)
    assert told(Origin.CHANGING) == (Way.MTLS, Reason.CHANGING)
    assert told(Origin.VPC, region=HERE) == (Way.PRIVATELINK, Reason.SAME_REGION)
    assert told(Origin.VPC, region=ELSEWHERE) == (Way.MTLS, Reason.OTHER_REGION)
    assert told(Origin.VPC) == (Way.PRIVATELINK, Reason.REGION_UNKNOWN)
    assert told(Origin.VPC, region=HERE, ground=replace(PRIVATE, region=None)) == (
        Way.PRIVATELINK,
        Reason.REGION_UNKNOWN,
    )


def test_a_tool_without_certificates_gets_a_range_of_a_private_space_and_a_proxy_anywhere_else() -> None:
    assert told(Origin.PLAIN) == (Way.TRUSTED, Reason.PLAIN)
    assert told(Origin.PLAIN, ground=replace(PRIVATE, shield=True)) == (
        Way.MTLS,
        Reason.PLAIN_SHIELD,
    )
    assert told(Origin.PLAIN, ground=replace(PRIVATE, fir=True)) == (Way.MTLS, Reason.PLAIN_FIR)


def remarks(**changed: Any) -> tuple[Remark, ...]:
    return advise(replace(DIRECT, **changed), PRIVATE).remarks


def test_what_is_remarked_fits_the_answers() -> None:
    assert remarks() == ()
    assert remarks(production=True) == (Remark.PRODUCTION,)
    assert remarks(length=Length.LASTING) == (Remark.YEAR,)
    assert remarks(origin=Origin.CHANGING, length=Length.DAYS) == (Remark.MOVING,)
    assert remarks(origin=Origin.VPC) == (Remark.MINUTES,)
    assert remarks(origin=Origin.VPC, length=Length.LASTING) == ()


def test_what_is_known_of_a_database_is_read_from_it_and_its_space() -> None:
    database = factories.database()
    space = Space(id=database.id, name="acme-private", region="virginia", shield=False, generation="fir")
    assert Ground.of(database, None) == PRIVATE
    assert Ground.of(database, space) == replace(PRIVATE, fir=True)
    assert Ground.of(factories.database(shield=True), None) == replace(PRIVATE, shield=True)
    advanced = replace(database, plan="heroku-postgresql:advanced-private-4", region="mars")
    assert Ground.of(advanced, None) == replace(PRIVATE, advanced=True, region=None)


def test_advice_is_a_value() -> None:
    assert advise(DIRECT, PRIVATE) == Advice(option=Way.MTLS, reason=Reason.FIXED, remarks=())
