"""Jobs that are run under every behavior of Heroku: each is one access method's.

A job begins with the database, the space and the bot as they were at first.
"""

import io
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.domain.method import MTLS_RULE_LIMIT
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import TransitionTimes
from tests.flow.behavior.environment import A_WHILE, DATABASE, OFFICE, SPACE, TIMES, Switched, now
from tests.flow.download_browser import Link, pressed

Job = Callable[[Switched], Awaitable[None]]

ADD_RULE = "POST .*/ip-rules"
ENABLE = "POST .*/tls-endpoint$"
PUT_LIST = "PUT .*/inbound-ruleset"
ADD_ACCOUNT = "PUT .*/allowed_accounts"

REASON = "because nightly export"

# --- mTLS --------------------------------------------------------------------------------------------


async def an_address(world: Switched) -> None:
    """Requested, approved, allowed, ended."""
    network = world.address()
    number = await world.approved(f"mtls add {network} to billing for 15m {REASON}")
    await world.hears(f"{network} can reach billing")
    assert world.let_in(network) == ["Authorized"]
    await world.times_out(number)
    assert world.let_in(network) == []
    # It was announced once, and that message says by now that it is over.
    await world.hears(f"{network} was allowed to billing")
    assert len(world.told("engineer", f"{network} was allowed to billing")) == 1


async def an_address_after_a_busy_answer(world: Switched) -> None:
    """Heroku's rate limit is reached when the rule arrives: it is added once the limit has refilled."""
    world.heroku.fault(fault_injection.rate_limited(), on=ADD_RULE)
    world.impatient = True
    await an_address(world)
    assert 429 in world.answers(ADD_RULE)


async def an_address_again_too_soon(world: Switched) -> None:
    """Allowed, ended, and allowed again before Heroku accepts it again: announced once it has."""
    network = world.address()
    number = await world.approved(f"mtls add {network} to billing for 15m {REASON}")
    await world.hears(f"{network} can reach billing")
    await world.times_out(number)
    number = await world.approved(f"mtls add {network} to billing for 15m {REASON}")
    await world.soon(lambda: 500 in world.answers(ADD_RULE))
    assert world.let_in(network) == []
    # It was announced once, and that message says by now that it is over.
    await world.hears(f"{network} was allowed to billing")
    assert len(world.told("engineer", f"{network} was allowed to billing")) == 1
    world.heroku.set_behavior(readd_error_seconds=0.0)
    world.impatient = True
    await world.hears(f"{network} can reach billing")
    assert world.let_in(network) == ["Authorized"]
    await world.times_out(number)
    assert world.let_in(network) == []


async def an_address_in_a_crowd(world: Switched) -> None:
    """Somebody else adds the last possible rule just before ours arrives."""
    network, heroku = world.address(), world.heroku
    there = len(heroku.rules(DATABASE, now=now()))
    for host in range(MTLS_RULE_LIMIT - 1 - there):
        heroku.add_rule_externally(DATABASE, f"192.0.2.{host}/32", now=now())
    await world.observed()
    heroku.before(ADD_RULE, lambda: heroku.add_rule_externally(DATABASE, "192.0.2.99/32", now=now()))
    number = await world.approved(f"mtls add {network} to billing for 15m {REASON}")
    await world.hears(f"#{number} failed")
    assert world.let_in(network) == []


async def an_address_that_somebody_else_allows(world: Switched) -> None:
    """Somebody else adds the very network just before ours arrives; theirs stays."""
    network, heroku = world.address(), world.heroku
    heroku.before(ADD_RULE, lambda: heroku.add_rule_externally(DATABASE, network, "theirs", now=now()))
    number = await world.approved(f"mtls add {network} to billing for 15m {REASON}")
    await world.hears(f"{network} can reach billing")
    await world.times_out(number)
    left = [rule.description for rule in heroku.rules(DATABASE, now=now()) if rule.cidr == network]
    assert left == ["theirs"]


async def an_address_where_mtls_goes(world: Switched) -> None:
    """Somebody disables mTLS just before the rule arrives: nothing is announced, a person is told."""
    network, heroku = world.address(), world.heroku
    heroku.before(ADD_RULE, lambda: heroku.disable_mtls_externally(DATABASE, now=now()))
    number = await world.approved(f"mtls add {network} to billing for 15m {REASON}")
    await world.hears(f"#{number} failed")
    assert not world.told("engineer", f"{network} can reach billing")


async def an_address_of_a_database_that_goes(world: Switched) -> None:
    """The database is destroyed while access is open: no end is proven, so none is announced."""
    network, heroku = world.address(), world.heroku
    name = f"postgresql-passing-{network.split('.')[3].partition('/')[0]}"
    app = name.removeprefix("postgresql-")
    heroku.add_app(app, space=SPACE)
    heroku.add_database(name, app=app, plan="heroku-postgresql:private-4", tls_endpoint="Operational")
    await world.discovered(name)
    number = await world.approved(f"mtls add {network} to {app} for 15m {REASON}")
    await world.hears(f"{network} can reach {app}")
    heroku.delete_database(name)
    await world.environment.move_time(A_WHILE)
    await world.is_tried(number)
    assert not world.told("engineer", f"#{number} has ended")


async def mtls_itself(world: Switched) -> None:
    """Requested where it is off, with a first certificate for the requester."""
    await world.without_mtls()
    await world.approved(f"mtls enable billing {REASON}")
    await world.hears("mTLS is enabled on billing")
    assert world.mtls_status() == "Operational"
    assert len(world.ready_certificates()) == 1


async def mtls_that_somebody_else_enables(world: Switched) -> None:
    """Somebody else enables it just before we do: a person is told so, and attempts again."""
    heroku = world.heroku
    await world.without_mtls()
    heroku.before(ENABLE, lambda: heroku.enable_mtls_externally(DATABASE, now=now()))
    number = await world.approved(f"mtls enable billing {REASON}")
    assert "enabled for this database already" in await world.hears(f"#{number} failed")
    await world.type("engineer", f"/pgaccess retry {number}")
    await world.soon(lambda: f"#{number} done" in world.card_of(number))
    assert world.mtls_status() == "Operational"


async def mtls_where_it_cannot_be(world: Switched) -> None:
    """The plan is changed just before mTLS is enabled: a person is told Heroku's message."""
    emulated = world.heroku._account.addon(DATABASE)
    plan = emulated.plan
    await world.without_mtls()
    world.heroku.before(ENABLE, lambda: setattr(emulated, "plan", "heroku-postgresql:standard-0"))
    number = await world.approved(f"mtls enable billing {REASON}")
    await world.hears(f"#{number} failed")
    emulated.plan = plan


async def a_certificate(world: Switched) -> None:
    """Requested, issued, downloaded by its owner, and revoked."""
    before = world.ready_certificates()
    number = await world.approved(f"mtls certificate new on billing {REASON}")
    await world.hears("is ready*; it expires")
    (made,) = world.ready_certificates() - before
    assert (await world.type("engineer", f"/pgaccess mtls certificate get {number}")).ok
    files = zipfile.ZipFile(io.BytesIO((await pressed(Link.newest(world))).content))
    assert b"PRIVATE KEY" in files.read("postgresql.key")
    removal = await world.approved(f"mtls certificate remove {number} {REASON}")
    await world.hears(f"#{removal} done")
    assert made not in world.ready_certificates()


# --- PrivateLink -------------------------------------------------------------------------------------


async def an_account(world: Switched) -> None:
    """Requested, approved, allowed, connected, ended."""
    account = world.account()
    number = await world.approved(f"privatelink open billing account {account} for 15m {REASON}")
    await world.hears(f"AWS {account} may connect to billing")
    assert world.accounts()[account] == "Active"
    endpoint = await world.connects(account)
    await world.hears(f"{endpoint} is connected to billing")
    await world.hears(f"ENDPOINT_{endpoint.removeprefix('vpce-').upper()}_URL")
    told = await world.times_out(number)
    assert world.accounts() == {}
    stays = bool(world.connections())
    assert (f"{endpoint} still exists at Amazon" in told) is stays


async def two_accounts(world: Switched) -> None:
    """The second joins the first, and leaves alone."""
    first, second = world.account(), world.account()
    world.heroku.create_privatelink_externally(DATABASE, [first], now=now())
    await world.observed()
    number = await world.approved(f"privatelink add {second} to billing for 15m {REASON}")
    await world.hears(f"AWS {second} may connect to billing")
    assert world.accounts()[second] == "Active"
    await world.times_out(number)
    assert list(world.accounts()) == [first]


async def an_account_too_many(world: Switched) -> None:
    """Where there may be one only, the second is refused, and a person is told."""
    first, second = world.account(), world.account()
    world.heroku.create_privatelink_externally(DATABASE, [first], now=now())
    await world.observed()
    number = await world.approved(f"privatelink add {second} to billing for 15m {REASON}")
    await world.hears(f"#{number} failed")
    assert list(world.accounts()) == [first]


async def an_account_where_somebody_else_opens(world: Switched) -> None:
    """Somebody else makes the endpoint just before we do: ours joins it."""
    theirs, ours, heroku = world.account(), world.account(), world.heroku
    heroku.before(
        "POST /private-link/",
        lambda: heroku.create_privatelink_externally(DATABASE, [theirs], now=now()),
    )
    number = await world.approved(f"privatelink open billing account {ours} for 15m {REASON}")
    await world.hears(f"AWS {ours} may connect to billing")
    assert world.accounts()[ours] == "Active"
    await world.times_out(number)
    assert list(world.accounts()) == [theirs]


async def an_account_while_the_endpoint_is_made(world: Switched) -> None:
    """Somebody else's endpoint is on its way when ours is to join it."""
    theirs, ours = world.account(), world.account()
    world.heroku.set_times(replace(TransitionTimes.of(0.1), link=1.0))
    world.heroku.create_privatelink_externally(DATABASE, [theirs], now=now())
    number = await world.approved(f"privatelink open billing account {ours} for 15m {REASON}")
    await world.hears(f"AWS {ours} may connect to billing")
    assert world.accounts()[ours] == "Active"
    await world.times_out(number)
    assert list(world.accounts()) == [theirs]


async def an_account_that_somebody_else_removes(world: Switched) -> None:
    """Somebody removes it just before we do, at its end."""
    account, heroku = world.account(), world.heroku
    number = await world.approved(f"privatelink open billing account {account} for 15m {REASON}")
    await world.hears(f"AWS {account} may connect to billing")
    heroku.before(
        "PATCH .*/allowed_accounts", lambda: heroku.remove_account_externally(DATABASE, account, now=now())
    )
    await world.times_out(number)
    assert world.accounts() == {}


async def a_link_that_is_closed(world: Switched) -> None:
    """The whole endpoint is closed by a request, and announced as closed once it is."""
    theirs = world.account()
    world.heroku.create_privatelink_externally(DATABASE, [theirs], now=now())
    await world.observed()
    assert (await world.type("engineer", "/pgaccess privatelink close billing")).ok
    number = await world.sent("engineer", name="billing", reason="we move")
    await world.decided(number)
    await world.hears(f"#{number} done")
    assert world.link() is None


# --- trusted IP ranges -------------------------------------------------------------------------------


async def a_range(world: Switched) -> None:
    """Requested, approved, allowed, ended; unmanaged entries are left as they were."""
    network, unmanaged = world.address(), world.sources()
    number = await world.approved(f"trusted add {network} to {SPACE} for 15m because of a BI tool")
    await world.hears(f"{network} is allowed to the whole space")
    assert world.sources() == [*unmanaged, network]
    assert world.is_in_force()
    await world.times_out(number)
    assert world.sources() == unmanaged
    assert world.is_in_force()


async def a_range_that_is_never_called_applied(world: Switched) -> None:
    """Heroku does not report whether a list is applied, so it cannot be waited for."""
    world.heroku.set_times(replace(TIMES, apply=0.0))
    await a_range(world)


async def a_range_that_is_stored_at_first(world: Switched) -> None:
    """Each list comes into force when it is written once more, after a while."""
    world.impatient = True
    await a_range(world)


async def a_range_beside_one_that_is_there_twice(world: Switched) -> None:
    """An unmanaged source that is listed twice stays listed twice."""
    world.write_list(OFFICE, "192.0.2.7/32", "192.0.2.7/32")
    await world.observed()
    await a_range(world)


async def a_range_beside_one_with_host_bits(world: Switched) -> None:
    """An unmanaged source with host bits is written back unchanged."""
    world.write_list(OFFICE, "198.18.7.9/16")
    await world.observed()
    await a_range(world)


async def a_range_while_others_fill_the_list(world: Switched) -> None:
    """Others add the last possible range just before our list arrives: theirs hold, and a person is told."""
    network, heroku = world.address(), world.heroku
    unmanaged = [OFFICE, *(f"192.0.2.{host}/32" for host in range(18))]
    world.write_list(*unmanaged)
    await world.observed()
    heroku.before(PUT_LIST, lambda: world.write_list(*unmanaged, "192.0.2.99/32"))
    number = await world.approved(f"trusted add {network} to {SPACE} for 15m because of a BI tool")
    await world.soon(lambda: world.told("engineer", f"#{number} failed"))
    assert world.sources() == [*unmanaged, "192.0.2.99/32"], (world.sources(), world.direct("engineer")[-3:])


async def a_range_of_a_fixed_space(world: Switched) -> None:
    """A Fir space's list cannot be changed: the requester is told, and Heroku is not called."""
    before = len(world.calls(PUT_LIST))
    await world.type("engineer", f"/pgaccess trusted add {world.address()} to acme-fir for 15m {REASON}")
    assert "is a Fir space" in world.private("engineer")[-1]
    assert len(world.calls(PUT_LIST)) == before


async def a_range_without_the_right(world: Switched) -> None:
    """The token's account may not write the list: operations are told; later the range is allowed."""
    network = world.address()
    number = await world.approved(f"trusted add {network} to {SPACE} for 15m because of a BI tool")
    await world.soon(lambda: world.calls(PUT_LIST) and world.heard("403"))
    assert not world.told("engineer", f"{network} is allowed to")
    assert world.sources() == [OFFICE]
    world.heroku.set_behavior(team_admin=True)
    await world.type("engineer", f"/pgaccess done {number}")
