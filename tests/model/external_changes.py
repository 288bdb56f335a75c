"""Changes by others at Heroku, and what has to hold from then on."""

import contextlib
from collections.abc import Callable
from itertools import count
from typing import Final

from sandbox.heroku.http_types import Refused
from tests.model.world import World

OTHER_NETWORKS: Final = ("192.0.2.7/32", "192.0.2.8/32")
"""Networks that nobody requests: what others do with them has to hold."""

COVERING_NETWORKS: Final = ("203.0.113.0/24", "203.0.113.4/30")
"""Networks that nobody requests, around addresses that somebody does."""

NOT_ASKED_FOR: Final = (*OTHER_NETWORKS, *COVERING_NETWORKS)

OTHER_ACCOUNTS: Final = ("555555555555",)
"""An AWS account that nobody requests."""

NAMES: Final = ("postgresql-curved-12345", "postgresql-renamed-11111", "postgresql-renamed-22222")

APPS: Final = ("billing", "ledger", "renamed")
"""Names of the apps; two of three are in use, so that each may come to have the other's."""

SPACES: Final = ("acme-private", "acme-renamed")

MOST_DATABASES: Final = 4
"""Databases of one world, replacements included."""

ExternalChange = Callable[[World, int], None]
"""Takes the world, and a number that selects what is changed."""


def _database(world: World, number: int) -> str:
    names = sorted(world.names().values())
    return names[number % len(names)]


def _expect(world: World, name: str, method: str, entry: str, *, wanted: bool) -> None:
    id = next(id for id, known in world.names().items() if known == name)
    world.unmanaged[(id, method), entry] = wanted


def adds_a_rule(world: World, number: int) -> None:
    """Adds a rule for a network that nobody requests, one around what somebody does, or for that itself."""
    name, networks = _database(world, number), (*NOT_ASKED_FOR, "203.0.113.4/32")
    network = networks[number % len(networks)]
    world.heroku.add_rule_externally(name, network, "by external_change", now=world.time.now())
    if network in NOT_ASKED_FOR:
        _expect(world, name, "mtls", network, wanted=True)


def deletes_a_rule(world: World, number: int) -> None:
    """Deletes any rule, ours too."""
    name = _database(world, number)
    rules = world.heroku.rules(name, now=world.time.now())
    gone = rules[number % len(rules)] if rules else None
    if gone is None:
        return
    world.heroku.delete_rule_externally(name, gone.id, now=world.time.now())
    if gone.cidr in NOT_ASKED_FOR:
        left = [rule for rule in world.heroku.rules(name, now=world.time.now()) if rule.cidr == gone.cidr]
        _expect(world, name, "mtls", gone.cidr, wanted=bool(left))


def disables_mtls(world: World, number: int) -> None:
    """Disables mTLS, with every rule and certificate."""
    world.heroku.disable_mtls_externally(_database(world, number), now=world.time.now())


def enables_mtls(world: World, number: int) -> None:
    """Enables mTLS."""
    world.heroku.enable_mtls_externally(_database(world, number), now=world.time.now())


def makes_a_certificate(world: World, number: int) -> None:
    """Makes a client certificate."""
    world.heroku.create_certificate_externally(_database(world, number), now=world.time.now())


def deletes_a_certificate(world: World, number: int) -> None:
    """Deletes any client certificate."""
    name = _database(world, number)
    listed = world.heroku.certificates(name, now=world.time.now())
    if listed:
        gone = listed[number % len(listed)]
        world.heroku.delete_certificate_externally(name, gone.id, now=world.time.now())


def lets_an_account_in(world: World, number: int) -> None:
    """Admits an account, a foreigner's or one that we are asked for."""
    name, accounts = _database(world, number), (*OTHER_ACCOUNTS, "123456789012")
    account = accounts[number % len(accounts)]
    if world.heroku.privatelink(name, now=world.time.now()) is None:
        world.heroku.create_privatelink_externally(name, account, now=world.time.now())
    else:
        world.heroku.add_account_externally(name, account, now=world.time.now())
    if account in OTHER_ACCOUNTS:
        _expect(world, name, "privatelink", f"arn:aws:iam::{account}:root", wanted=True)


def shuts_an_account_out(world: World, number: int) -> None:
    """Removes any account, ours too."""
    name = _database(world, number)
    link = world.heroku.privatelink(name, now=world.time.now())
    arns = [] if link is None else list(link.accounts)
    if arns:
        arn = arns[number % len(arns)]
        world.heroku.remove_account_externally(name, arn, now=world.time.now())
        if arn.split(":")[4] in OTHER_ACCOUNTS:
            _expect(world, name, "privatelink", arn, wanted=False)


def destroys_privatelink(world: World, number: int) -> None:
    """Destroys PrivateLink, with every account."""
    world.heroku.destroy_privatelink_externally(_database(world, number), now=world.time.now())


def adds_a_range(world: World, number: int) -> None:
    """Adds a stranger's range to the space's list, at its beginning or end."""
    source = NOT_ASKED_FOR[number % len(NOT_ASKED_FOR)]
    listed = [rule.source for rule in world.heroku.ruleset(world.space.name).rules]
    if source not in listed:
        _writes(world, [source, *listed] if number % 2 else [*listed, source])
        world.unmanaged[(world.space.id, "trusted"), source] = True


def removes_a_range(world: World, number: int) -> None:
    """Takes any range out of the space's list, ours too, but never the last one."""
    listed = [rule.source for rule in world.heroku.ruleset(world.space.name).rules]
    if len(listed) > 1:
        gone = listed.pop(number % len(listed))
        _writes(world, listed)
        if gone in NOT_ASKED_FOR:
            world.unmanaged[(world.space.id, "trusted"), gone] = False


def _writes(world: World, sources: list[str]) -> None:
    world.heroku.put_ruleset_externally(world.space.name, sources, now=world.time.now())
    world.recorder.others[world.space.id] = frozenset(sources)


def renames_a_database(world: World, number: int) -> None:
    """Gives a database a name that is free."""
    name, free = _database(world, number), sorted(set(NAMES) - set(world.names().values()))
    if free:
        world.heroku.rename_database(name, free[number % len(free)], now=world.time.now())


def renames_an_app(world: World, number: int) -> None:
    """Gives an app a name that is free."""
    apps = sorted({each.app.name for each in world.databases_there()})
    free = sorted(set(APPS) - {app.name for app in world.heroku._account.apps.values()})
    world.heroku.rename_app(apps[number % len(apps)], free[number % len(free)])


def renames_the_space(world: World, _: int) -> None:
    """Gives the space its other name."""
    world.heroku.rename_space(world.space.name, next(each for each in SPACES if each != world.space.name))


def swaps_two_names(world: World, number: int) -> None:
    """Two databases get each other's name."""
    names = sorted(world.names().values())
    other = names[(number + 1) % len(names)]
    if names[number % len(names)] != other:
        world.heroku.swap_names(names[number % len(names)], other, now=world.time.now())


def puts_another_in_its_place(world: World, number: int) -> None:
    """Another database gets the name of one, in its app, which goes on under another name."""
    name, taken = _database(world, number), world.names().values()
    if len(taken) < MOST_DATABASES:
        # Not numbered by how many there are: one of them may have been destroyed since.
        free = next(new for new in map("postgresql-old-{}".format, count()) if new not in taken)
        old = world.heroku.rename_database(name, free, now=world.time.now())
        made = world.heroku.add_beside(str(old.id), name)
        world.heroku.enable_mtls_externally(str(made.id), now=world.time.now())


def destroys_a_database(world: World, number: int) -> None:
    """Destroys a database with everything in it, but never the last one."""
    if len(world.names()) > 1:
        world.heroku.delete_database(_database(world, number))


IDENTITY_CHANGES: Final[tuple[ExternalChange, ...]] = (
    renames_a_database,
    renames_an_app,
    renames_the_space,
    swaps_two_names,
    puts_another_in_its_place,
    destroys_a_database,
)
"""Changes of what things are called, or of what is called so."""

EXTERNAL_CHANGES: Final[tuple[ExternalChange, ...]] = (
    adds_a_rule,
    deletes_a_rule,
    deletes_a_rule,
    makes_a_certificate,
    deletes_a_certificate,
    lets_an_account_in,
    shuts_an_account_out,
    adds_a_range,
    removes_a_range,
    disables_mtls,
    enables_mtls,
    destroys_privatelink,
    *IDENTITY_CHANGES,
)


def act(world: World, external_change: ExternalChange, number: int) -> None:
    """Does it, unless Heroku refuses."""
    with contextlib.suppress(Refused):
        external_change(world, number)
