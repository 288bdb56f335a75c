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
    Refusal.ADDRESS_ME: (
        "`me` cannot stand for your own address yet. Type the address itself, for example `{example}`."
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
    Refusal.ACCOUNT_EMPTY: "Which AWS account? Say its number, for example `123456789012`.",
    Refusal.ACCOUNT_UNREADABLE: (
        "`{given}` is no AWS account that I can read. Write, for example, `123456789012`, "
        "`123456789012:user/etl` or `arn:aws:iam::123456789012:root`."
    ),
    Refusal.ACCOUNT_DIGITS: (
        "`{given}` has {count} digits; the number of an AWS account has 12, for example `123456789012`."
    ),
    Refusal.ACCOUNT_ROLE: (
        "`{given}` is a role, a group or a session. Heroku's documentation names whole accounts and users "
        "only; let the account in, for example `123456789012`, and use IAM there to say which role."
    ),
    Refusal.ACCOUNT_OTHER: (
        "`{given}` names something of the AWS service {service}, not an account. Write the account, for "
        "example `123456789012` or `arn:aws:iam::123456789012:root`."
    ),
    Refusal.ACCOUNT_PARTITION: (
        "`{given}` is in the AWS partition {partition}, and Heroku's databases are in the partition aws; "
        "PrivateLink does not reach from one into the other. Use an account of the latter, for example "
        "`arn:aws:iam::123456789012:root`, or mTLS."
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
    Refusal.SPACE_MISSING: (
        "Say which space is meant: {known}. For example: `/pgaccess trusted add 203.0.113.4 to {example}`"
    ),
    Refusal.SPACE_UNKNOWN: (
        "I know no space called `{word}`; there is {known}. For example: `/pgaccess trusted add 203"
        ".0.113.4 to {example}`"
    ),
    Refusal.SPACE_NONE: (
        "I see no space at Heroku yet. If there should be one, whoever runs pgaccess can find out w"
        "hy with `pgaccess check`."
    ),
    Refusal.TRUSTED_SHIELD: (
        "{space} is a Shield Space: its databases cannot be reached through trusted IP ranges. Use "
        "mTLS instead, for example `/pgaccess mtls add 203.0.113.4`, or PrivateLink from an AWS VPC"
        "."
    ),
    Refusal.TRUSTED_FIR: (
        "{space} is a Fir space: Heroku does not let its trusted IP ranges be changed. Use mTLS ins"
        "tead, for example `/pgaccess mtls add 203.0.113.4`."
    ),
    Refusal.TRUSTED_ONLY: (
        "{space} has no other range, and Heroku would shut out everybody once this one ends: a list"
        " is never left empty. Have a lasting range set first, or ask without an end: `/pgaccess tr"
        "usted add 203.0.113.4 to {space} permanently`"
    ),
    Refusal.RANGES_FULL: (
        "{space} has all the {limit} ranges that Heroku allows. Have one removed that is not needed"
        " any more; `/pgaccess trusted status {space}` shows them."
    ),
    Refusal.RANGES_FULL_UNTIL: (
        "This space has all the {limit} ranges that Heroku allows. The next to end is #{id}, {at}: "
        "ask again then, or have one removed; `/pgaccess list` shows them."
    ),
    Refusal.RANGE_OURS: (
        "`{address}` in {space} is pgaccess's already. See whose it is with `/pgaccess trusted list {space}`."
    ),
    Refusal.RANGE_NOT_THERE: (
        "`{address}` is not among the ranges of {space}. See them with `/pgaccess trusted status {space}`."
    ),
    Refusal.SUPPORT_ADMINS: (
        "Only an admin of pgaccess says what Heroku's support has done. See how #{id} stands with `"
        "/pgaccess show {id}`."
    ),
    Refusal.SUPPORT_SETTLED: (
        "That is settled already for {space}. See how it stands with `/pgaccess trusted status {space}`."
    ),
    Refusal.NOTHING_THERE: (
        "Nothing that was asked for here lets `{address}` in to {app}. See what does with `/pgaccess mtls "
        "list {app}`."
    ),
    Refusal.RULE_OURS: (
        "The rule for `{address}` on {app} is pgaccess's already. See whose it is with `/pgaccess mtls list "
        "{app}`."
    ),
    Refusal.LINK_PLAN: (
        "{app} has the plan {plan}: Heroku Postgres Advanced has no PrivateLink. Ask for another database, "
        "for example with `/pgaccess list`."
    ),
    Refusal.LINK_NONE: (
        "There is no PrivateLink on {app}. Ask for it with `/pgaccess privatelink open {app} account "
        "123456789012`."
    ),
    Refusal.LINK_CLOSING: (
        "PrivateLink on {app} is being closed. Ask again once it is gone; `/pgaccess privatelink status "
        "{app}` says so."
    ),
    Refusal.LINK_SOME: (
        "#{id} lets in more accounts than these, and ends as a whole. Name them all, with `/pgaccess "
        "privatelink remove {accounts} from {app}`."
    ),
    Refusal.LINK_NAME: (
        "That is not the app's name. Type `{app}` if it is this one whose PrivateLink is to be closed."
    ),
    Refusal.LINK_UNSEEN: (
        "I have not looked at the PrivateLink of {app} yet. Try again in a few seconds; see how it stands "
        "with `/pgaccess privatelink status {app}`."
    ),
    Refusal.LINK_OURS: (
        "Not all of AWS {accounts} was let in to {app} by somebody else, so there is nothing to take over. See "
        "who let whom in with `/pgaccess privatelink status {app}`."
    ),
    Refusal.LINK_NOBODY: (
        "AWS {accounts} is not let in to {app}. See who is with `/pgaccess privatelink status {app}`."
    ),
    Refusal.MTLS_NOT_ENABLED: (
        "mTLS is not enabled on {app}, so no address can be let in. Write `/pgaccess mtls add {address} to "
        "{app}`, and I offer to ask for both at once."
    ),
    Refusal.MTLS_PLAN: (
        "{app} is on Heroku Postgres Advanced ({plan}), which has no mTLS. See what fits instead with `/pgaccess "
        "advise {app}`."
    ),
    Refusal.MTLS_ENABLED: (
        "mTLS is enabled on {app} already. Ask for an address, for example `/pgaccess mtls add 203.0.113.4 to "
        "{app}`, or for a certificate with `/pgaccess mtls certificate new on {app}`."
    ),
    Refusal.MTLS_ENABLING: (
        "mTLS on {app} is being enabled just now. You can ask for an address already: `/pgaccess mtls add "
        "203.0.113.4 to {app}`"
    ),
    Refusal.MTLS_CLOSING: (
        "mTLS on {app} is being disabled. Ask again once that is done; `/pgaccess status {app}` says so."
    ),
    Refusal.MTLS_OFF: "mTLS is not enabled on {app}, so there is nothing to disable. See `/pgaccess status {app}`.",
    Refusal.MTLS_UNSEEN: (
        "I have not looked at {app} yet. Try again in a few seconds; see how it stands with `/pgaccess status "
        "{app}`."
    ),
    Refusal.MTLS_NAME: (
        "That is not the app's name. Type `{app}` if it is this one whose mTLS is to be disabled."
    ),
    Refusal.CERTIFICATE_OFF: (
        "mTLS is not enabled on {app}. Enabling it makes a first certificate for you: `/pgaccess mtls enable {app}`"
    ),
    Refusal.CERTIFICATE_REMOVING: (
        "The removal of certificate `{handle}` is asked for already, as #{id}. See `/pgaccess show {id}`."
    ),
    Refusal.CERTIFICATE_NOT_OFFERED: (
        "There is nothing to choose from (any more) for #{id}. See how it stands with `/pgaccess show {id}`."
    ),
    Refusal.CERTIFICATE_MISSING: (
        "Which certificate? Say its number, for example `17`. See which there are with `/pgaccess mtls certificate "
        "list`"
    ),
    Refusal.CERTIFICATE_UNKNOWN: (
        "There is no certificate `{handle}`, or it is gone. See which there are with `/pgaccess mtls certificate "
        "list`"
    ),
    Refusal.CERTIFICATE_AMBIGUOUS: (
        "More than one certificate is called `{handle}`: {known}. Give one of these whole, as `/pgaccess mtls "
        "certificate list` shows them."
    ),
    Refusal.FILES_NOT_YOURS: (
        "Certificate `{handle}` is somebody else's, and only its owner gets its files. Ask for one of your own, "
        "for example with `/pgaccess mtls certificate new on billing`"
    ),
    Refusal.FILES_FOREIGN: (
        "Certificate `{handle}` was not made by pgaccess and is nobody's here, so its files go to nobody. Ask for "
        "one of your own, for example with `/pgaccess mtls certificate new on billing`"
    ),
    Refusal.FILES_NO_ADDRESS: (
        "I cannot hand out files, because I do not know at which address browsers reach me. Ask whoever runs me to "
        "set `PGACCESS_PUBLIC_URL`, for example to `https://pgaccess.example.com`"
    ),
    Refusal.FILES_UNSENT: (
        "Slack did not take the message with the link, so the link is void. Try again in a minute: `/pgaccess "
        "mtls certificate get {handle}`"
    ),
    Refusal.CERTIFICATE_NOT_READY: (
        "Nobody can connect with certificate `{handle}`: it is being made, removed, or is gone. See how it stands "
        "with `/pgaccess mtls certificate list`"
    ),
    Refusal.SNOOZE_SPENT: (
        "This reminder was put off often enough; the next one comes by itself. Have a new certificate made "
        "instead: `/pgaccess mtls certificate rotate {handle}`"
    ),
    Refusal.SNOOZE_LATE: (
        "The end is too near to put this off. Have a new certificate made: `/pgaccess mtls certificate rotate "
        "{handle}`"
    ),
    Refusal.ROTATION_OPEN: (
        "This certificate is being rotated already, by #{id}. See how it stands with `/pgaccess show {id}`"
    ),
    Refusal.ROTATION_NOT_WAITING: (
        "#{id} does not wait for a new certificate to be installed. See how it stands with `/pgaccess show {id}`"
    ),
    Refusal.ROTATION_OLD_GOING: (
        "Too late: #{id} is removing the old certificate already, or is over. See how it stands with "
        "`/pgaccess show {id}`; the files of the new one: `/pgaccess mtls certificate get {id}`"
    ),
    Refusal.ROTATION_NO_TEST: (
        "#{id} has no new certificate that I could test just now. See how it stands with `/pgaccess show {id}`"
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
