"""What pgaccess says where it hands out a certificate's files, in Slack and on its own pages, in English."""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    "button.files": "Get the files",
    "files.sent": (
        ":key: The link to the files of certificate `{handle}` is in our direct conversation. It works once, "
        "until {until}."
    ),
    "files.sent.already": (
        "The link to the files of certificate `{handle}` was sent to you already, in our direct conversation. "
        "For a new one, write `/pgaccess mtls certificate get {handle}`."
    ),
    "files.unclear": (
        "Slack did not say whether it took the message with the link. If none arrives in our direct "
        "conversation, write `/pgaccess mtls certificate get {handle}` again."
    ),
    "notification.download_link": ":key: The files of certificate `{handle}` for *{app}* wait for you.",
    "notification.download_link.link": "Download the files",
    "notification.download_link.once": "This link works once, until {until}. After that it is taken away from here.",
    "notification.download_link.care": (
        "Whoever opens it gets the private key: pass it on to nobody. The files themselves never go through Slack."
    ),
    "notification.download_link.delivered": (
        ":white_check_mark: The files of certificate `{handle}` for *{app}* were downloaded {at}. If that was not "
        "you, have the certificate replaced at once: `/pgaccess mtls certificate rotate {handle}`."
    ),
    "notification.download_link.expired": (
        "The link to the files of certificate `{handle}` for *{app}* has expired, and nobody had used it."
    ),
    "notification.download_link.replaced": (
        "This link to the files of certificate `{handle}` for *{app}* is over: a newer one has taken its place."
    ),
    "notification.download_link.burnt": (
        ":warning: Somebody came with a wrong secret too often, so the link to the files of certificate `{handle}` "
        "for *{app}* is over. The files did not go out."
    ),
    "page.download_link.title": "Your certificate's files",
    "page.download_link.text": (
        "You get them once, as one zip file: the client certificate, its private key, and what your client "
        "needs to recognise the server."
    ),
    "page.download_link.button": "Download",
    "page.download_link.field": "The part of the link behind #",
    "page.download_link.by_hand": (
        "The secret part of the link did not arrive here. Copy what stands behind the # in the link and put it "
        "into this field; or open the link again from Slack."
    ),
    "page.download_link.under_way": (
        "Your browser is saving the zip file; it may take up to 20 seconds to begin. With it the link is used up, "
        "and you can close this page."
    ),
    "page.download_link.new": (
        "For a new link press “Get the files” in Slack, or write `/pgaccess mtls certificate get` and the number "
        "of your certificate; `/pgaccess mtls certificate list` knows it."
    ),
    "page.download_link.wrong": "This link is not right",
    "page.download_link.wrong.text": (
        "There is no such link, or its secret part is not complete. Open it once more from Slack, or copy it as "
        "a whole. After five wrong attempts a link is over."
    ),
    "page.download_link.busy": "These files are being handed out just now",
    "page.download_link.busy.text": (
        "This link was opened twice, and the other one is being served. If no zip file arrives, open the link "
        "again from Slack in half a minute."
    ),
    "page.download_link.expired": "This link has expired",
    "page.download_link.expired.text": "It worked for 15 minutes, and nobody used it. The files did not go out.",
    "page.download_link.delivered": "This link was used already",
    "page.download_link.delivered.text": (
        "The files went out once, and once is all it was for. If that was not you, have the certificate "
        "replaced at once: `/pgaccess mtls certificate rotate` and its number."
    ),
    "page.download_link.replaced": "This link is over",
    "page.download_link.replaced.text": "A newer link to the same files has taken its place: use that one.",
    "page.download_link.burnt": "This link is over",
    "page.download_link.burnt.text": (
        "Somebody came with a wrong secret too often. The files did not go out with it."
    ),
    "page.download_link.gone": "This certificate is gone",
    "page.download_link.gone.text": (
        "Heroku does not have it any more: it was removed, or mTLS was disabled. Ask for another one, for "
        "example with `/pgaccess mtls certificate new on billing`."
    ),
    "page.download_link.unreachable": "The files could not be fetched just now",
    "page.download_link.unreachable.text": (
        "Nothing was handed out, and the link still works until its 15 minutes are over: open it again from "
        "Slack in a minute."
    ),
    "readme.title": "Client certificate {handle} for {app}, handed out {at}",
    "readme.files": (
        "postgresql.crt  the client certificate, with what signed it\n"
        "postgresql.key  its private key: keep it to yourself, readable by you alone (chmod 600)\n"
        "root.crt        what your client recognises the server by"
    ),
    "readme.connect": "To connect, go to the folder with these files and run:",
    "readme.beside": (
        "The line fetches the database's address from Heroku each time, because it changes. Beside the "
        "certificate your address has to be let in: /pgaccess mtls add says how."
    ),
}
"""Sentences by key; those below ``page.`` and ``readme.`` are plain text, backquotes mark what is typed."""
