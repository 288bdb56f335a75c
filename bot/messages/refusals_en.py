"""What was wrong and how to say it right, in English: one sentence for every refusal, and an example."""

from collections.abc import Mapping
from typing import Final

from bot.errors import Refusal

REFUSALS: Final[Mapping[str, str]] = {
    Refusal.LINE_TOO_LONG: (
        "That line is longer than {limit} characters. Keep it short and the reason to the point, for "
        "example `/pgaccess mtls add 203.0.113.4 to billing for 8h because migration check`."
    ),
    Refusal.LINE_CONTROL: (
        "That text contains an invisible control character ({code}). Type it by hand instead of pasting "
        "it, for example `/pgaccess mtls add 203.0.113.4`."
    ),
    Refusal.UNKNOWN_WORD: "I do not know `{word}`; did you mean `{suggestion}`? For example: `{example}`.",
    Refusal.UNKNOWN_HERE: (
        "I do not know what to do with `{word}`. Possible here: {known}. For example: `{example}`."
    ),
    Refusal.WORD_TOO_MANY: "`{word}` is one word too many here. For example: `{example}`.",
    Refusal.NUMBER_UNREADABLE: (
        "`{word}` is not the number of a request. Use the number on its card, for example `{example}`."
    ),
    Refusal.NUMBER_MISSING: "Which request? Say its number, which its card shows, after `{verb}`, for example `{example}`.",
    Refusal.CLAUSE_EMPTY: "After `{word}` something is missing. For example: `{example}`.",
    Refusal.CLAUSE_TWICE: (
        "`{word}` says a second time what was said already. Say it once, for example `{example}`."
    ),
    Refusal.CLAUSE_BOTH_ENDS: (
        "You gave a duration and an end. Give one of them, for example `for 8h`, or `until 18:00`."
    ),
    Refusal.ADDRESS_EMPTY: (
        "The address is missing. Give an IPv4 address or network, for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_UNREADABLE: (
        "`{given}` is not an IPv4 address or network. Write four numbers from 0 to 255, for example "
        "`203.0.113.4`, or a network such as `203.0.113.0/24`."
    ),
    Refusal.ADDRESS_SEVERAL: (
        "`{given}` is more than one address. Ask for one address or network per request, for example "
        "`203.0.113.4`, or `203.0.113.0/28` for sixteen in a row."
    ),
    Refusal.ADDRESS_HOST_NAME: (
        "`{given}` is a host name, and what it points to may change. Give the IPv4 address itself, for "
        "example `203.0.113.4`."
    ),
    Refusal.ADDRESS_IPV6: (
        "`{given}` is an IPv6 address, but Heroku's rules take IPv4 only. Give the IPv4 address you come "
        "from, for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_PORT: "`{given}` names a port; a rule is for the whole address. Write `{suggestion}`.",
    Refusal.ADDRESS_LEADING_ZERO: (
        "`{given}` has a leading zero, which some programs read as octal. If you mean it in decimal, write "
        "`{suggestion}`."
    ),
    Refusal.ADDRESS_NETMASK: (
        "`{given}` uses a netmask. Give the prefix length instead, for example `{suggestion}`."
    ),
    Refusal.ADDRESS_PREFIX: (
        "`{prefix}` in `{given}` is not a prefix length. Write a number from 1 to 32 after the slash, for "
        "example `203.0.113.0/24`."
    ),
    Refusal.ADDRESS_HOST_BITS: (
        "`{given}` is an address inside a network. Write `{suggestion}` for the whole network, or "
        "`{single}` for that address alone."
    ),
    Refusal.ADDRESS_EVERYWHERE: (
        "That would let in the whole Internet. Name the address you come from, for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_TOO_WIDE: (
        "`{given}` is too wide: it includes {range}, which is not on the public Internet. Name the "
        "smallest network that will do, for example `203.0.113.0/28`."
    ),
    Refusal.ADDRESS_PRIVATE: (
        "`{given}` is a private address ({range}), which Heroku never sees. Give the public address that "
        "your traffic leaves from, for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_LOOPBACK: (
        "`{given}` is your own machine ({range}). Give the public address that your traffic leaves from, "
        "for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_LINK_LOCAL: (
        "`{given}` is a link-local address ({range}), valid on one cable only. Give the public address "
        "that your traffic leaves from, for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_CGNAT: (
        "`{given}` is a provider's shared inner address ({range}), which Heroku never sees. Give the "
        "public address that your traffic leaves from, for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_MULTICAST: (
        "`{given}` is a multicast address ({range}), and nobody connects from one. Give the public address "
        "that your traffic leaves from, for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_RESERVED: (
        "`{given}` is in a reserved range ({range}), and nobody connects from there. Give the public "
        "address that your traffic leaves from, for example `203.0.113.4`."
    ),
    Refusal.ADDRESS_WIDER_THAN_POLICY: (
        "`{given}` is wider than the policy allows here; the widest is `/{widest}`. Name the smallest network "
        "that will do, for example `203.0.113.4`."
    ),
    Refusal.DURATION_UNREADABLE: (
        "`{given}` is not a duration that I can read. Write days, hours and minutes in this order, for "
        "example `8h`, `1h30m` or `2d`."
    ),
    Refusal.DURATION_NO_UNIT: "`{given}` has no unit. For hours, for example, write `{suggestion}`.",
    Refusal.DURATION_TOO_SHORT: "`{given}` is too short; the least is {least}. For example: `8h`.",
    Refusal.DURATION_TOO_LONG: "That is too long; the most is {longest}. For example: `8h`.",
    Refusal.DURATION_FOREVER: (
        "Access without an end is not allowed here; the most is {longest}. Say for how long you need it, for "
        "example `for 8h`."
    ),
    Refusal.END_UNREADABLE: (
        "`{given}` is not a time that I can read. Write, for example, `18:00`, `tomorrow 9:00` or "
        "`2026-11-25 18:00`."
    ),
    Refusal.END_PAST: (
        "That end is already past. Give one that is still to come, for example `tomorrow 9:00`."
    ),
    Refusal.REASON_SHORT: (
        "Please say why, in at least {least} characters, for example `because migration check for the "
        "billing team`."
    ),
    Refusal.TARGET_NONE: (
        "There is no database that access could be opened to: none of Heroku's Private or Shield Spaces "
        "that I see has one. Create a Heroku Postgres there, for example with the plan "
        "`heroku-postgresql:private-0`, then ask again."
    ),
    Refusal.TARGET_UNKNOWN: "I know no database `{word}`. There is: {known}. For example: `to {example}`.",
    Refusal.TARGET_MISSING: "Which database? There is: {known}. For example: `to {example}`.",
    Refusal.TARGET_AMBIGUOUS: (
        "`{word}` has more than one database: {known}. Name one, for example `to {example}`."
    ),
    Refusal.PERSON_UNKNOWN: (
        "I could not look you up in Slack just now, so nothing was recorded. Please try again in a minute, "
        "for example with `/pgaccess`."
    ),
    Refusal.GROUPS_UNKNOWN: (
        "I could not look up Slack's user groups just now, so nothing was recorded. Please repeat your command or "
        "click in a minute, for example `/pgaccess mtls add 203.0.113.4`."
    ),
    Refusal.PERSON_INACTIVE: (
        "Only active people can do this, not bots or closed accounts. Ask a colleague to do it, for "
        "example with `/pgaccess`."
    ),
    Refusal.PERSON_OUTSIDE: (
        "Guests and people of other organisations cannot do this. Ask a full member of this workspace to "
        "do it, for example with `/pgaccess`."
    ),
    Refusal.APPROVER_SELF: (
        "Request {id} is your own, and nobody decides on their own request. Ask another approver; see how it "
        "stands with `/pgaccess show {id}`."
    ),
    Refusal.APPROVER_NOT: (
        "Only approvers can decide on request {id}. You can follow it with `/pgaccess show {id}`."
    ),
    Refusal.ALREADY_VOTED: (
        "You have decided on request {id} already, and each approver counts once. See who else has to agree "
        "with `/pgaccess show {id}`."
    ),
    Refusal.NOT_YOURS: (
        "Number {id} is somebody else's, and only the person who asked can do this. An approver can end the "
        "access with `/pgaccess revoke {id}`."
    ),
    Refusal.REQUESTER_GONE: (
        "Whoever asked request {id} is not a full, active member any more, so it is not approved. Deny it, or "
        "see it once more with `/pgaccess show {id}`."
    ),
    Refusal.POLICY_DENIES: (
        "You may not ask for access to {app} this way: the policy's rule “{rule}” denies it. Ask a colleague "
        "who may, for example to write `/pgaccess mtls add 203.0.113.4 to {app}`."
    ),
    Refusal.POLICY_SILENT: (
        "You may not ask for access to {app} this way: no rule of the policy allows it. Ask a colleague who "
        "may, for example to write `/pgaccess mtls add 203.0.113.4 to {app}`."
    ),
    Refusal.POLICY_CHANGED: (
        "The policy no longer has the rule under which request {id} was asked, so it cannot be decided. Ask "
        "anew, for example with `/pgaccess mtls add 203.0.113.4 for 8h`."
    ),
    Refusal.REQUEST_DECIDED: (
        "Request {id} was decided already, by {person}, {at}. See how it stands with `/pgaccess show {id}`."
    ),
    Refusal.REQUEST_CLOSED: (
        "Request {id} does not wait any more: it was taken back, or nobody decided in time, {at}. See how it "
        "went with `/pgaccess show {id}`."
    ),
    Refusal.REQUEST_CHANGED: (
        "Request {id} has changed since you saw it, so nothing was decided. Look again with `/pgaccess "
        "show {id}`."
    ),
    Refusal.REQUEST_OVER: (
        "The end that request {id} names has passed, so there is nothing left to decide. Ask anew, for "
        "example with `/pgaccess mtls add 203.0.113.4 for 8h`."
    ),
    Refusal.REQUEST_UNKNOWN: "There is no request {id}. See those that there are with `/pgaccess list`.",
    Refusal.TERMS_WIDER: (
        "An approver can make request {id} only shorter or narrower than it was asked, for example `4h` "
        "instead of `8h`."
    ),
    Refusal.GRANT_CLOSING: (
        "The access of number {id} is closing already, so nothing can be changed about it. Ask again with "
        "`{command}`."
    ),
    Refusal.GRANT_OVER: (
        "The access of number {id} is over already. See how it went with `/pgaccess show {id}`."
    ),
    Refusal.GRANT_NOT_OPEN: (
        "Nothing was opened for number {id}, so there is nothing to end or to extend. See how it stands with "
        "`/pgaccess show {id}`."
    ),
    Refusal.GRANT_NOT_FAILED: (
        "Number {id} has not failed, so there is nothing to try again. See how it stands with `/pgaccess show "
        "{id}`."
    ),
    Refusal.GRANT_NOT_INTERRUPTED: (
        "Number {id} was not interrupted, so there is nothing to restore. See how it stands with `/pgaccess "
        "show {id}`."
    ),
    Refusal.EXTEND_NOT_TIMED: (
        "The access of number {id} has no end, so there is nothing to extend. When you need it no more, write "
        "`/pgaccess done {id}`."
    ),
    Refusal.EXTEND_PAST_LONGEST: (
        "That would be longer than the policy allows; the most is {longest} in all. Extend it by less, for "
        "example `for 1h`, or ask anew when it is over."
    ),
    Refusal.CLOSING_ALREADY: (
        "{address} → {app} is being closed already; I'll say so once it is. `/pgaccess status {app}` shows how it "
        "stands."
    ),
    Refusal.NOTHING_THERE: (
        "Nothing that was asked for here lets `{address}` in to {app}. See what does with `/pgaccess mtls "
        "list {app}`."
    ),
    Refusal.FOREIGN_RULE: (
        "The rule for `{address}` on {app} was not made by me, so I do not remove it. See who made which rule "
        "with `/pgaccess mtls list {app}`; whoever manages the database can remove it, for example with "
        "`heroku data:mtls:ip-rules:delete`."
    ),
    Refusal.MTLS_NOT_ENABLED: (
        "mTLS is not enabled on this database, so no address can be let in. Have it enabled first, for "
        "example with `heroku data:mtls:create`, then ask again."
    ),
    Refusal.RULES_FULL_UNTIL: (
        "This database has all the {limit} rules that Heroku allows. The next to end is #{id}, {at}: ask again "
        "then, or have one removed that is not needed any more; `/pgaccess list` shows them."
    ),
    Refusal.RULES_FULL: (
        "This database has all the {limit} rules that Heroku allows. Have one removed that is not needed any "
        "more, for example one that `/pgaccess list` shows, then ask again."
    ),
}
"""Slack mrkdwn; the placeholders are filled from the refusal's params, escaped."""
