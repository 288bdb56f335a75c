"""A certificate's files as one zip, in memory: named and protected as Heroku's own download has them."""

import io
import zipfile
from datetime import datetime
from typing import Final

from bot.i18n.translator import Translator
from bot.services import CertificateFiles
from bot.views.mtls.download import readme

_UNIX: Final = 3
"""Who made the archive, by its format (PKWARE APPNOTE 4.4.2): only then do unpackers read its modes."""

_PRIVATE: Final = 0o100600
_SHARED: Final = 0o100644
"""Modes of regular files. libpq refuses a key that others may read (PostgreSQL manual, "SSL Support")."""

_EARLIEST: Final = 1980
"""The first year that the format can tell."""


def zipped(files: CertificateFiles, *, at: datetime, t: Translator) -> bytes:
    """The certificate, its key, the server's chain, and what to do with them.

    Args:
        files: what is handed out.
        at: the files' time, in UTC.
        words: the language of the README.
    """
    text = readme(files.database, handle=files.handle, at=at, t=t)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "postgresql.crt", files.credential.chain, _SHARED, at)
        _put(archive, "postgresql.key", files.credential.key, _PRIVATE, at)
        _put(archive, "root.crt", files.root, _SHARED, at)
        _put(archive, "README.txt", text, _SHARED, at)
    return held.getvalue()


def _put(archive: zipfile.ZipFile, name: str, text: str, mode: int, at: datetime) -> None:
    entry = zipfile.ZipInfo(name, (max(at.year, _EARLIEST), at.month, at.day, at.hour, at.minute, at.second))
    entry.create_system = _UNIX
    entry.external_attr = mode << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text.encode())
