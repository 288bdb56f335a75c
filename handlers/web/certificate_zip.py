"""Zip of a certificate's files, in memory, with the names and modes of Heroku's own download."""

import io
import zipfile
from datetime import datetime
from typing import Final

from bot.i18n.translator import Translator
from bot.services import CertificateFiles
from bot.views.mtls.download import readme

_UNIX: Final = 3
"""Unix as the creating system (PKWARE APPNOTE 4.4.2): unpackers read file modes only with it."""

_PRIVATE: Final = 0o100600
_SHARED: Final = 0o100644
"""Modes of regular files. libpq refuses a key that others may read (PostgreSQL manual, "SSL Support")."""

_EARLIEST: Final = 1980
"""First year that the format can represent."""


def zipped(files: CertificateFiles, *, at: datetime, t: Translator) -> bytes:
    """Return a zip of the certificate, its key, the server's chain and a README.

    Args:
        files: Certificate, key and chain.
        at: Modification time of the files, in UTC.
        t: Translator for the README.
    """
    text = readme(files.database, handle=files.handle, at=at, t=t)
    # Not a temporary file, which would put the private key on a disk.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "postgresql.crt", files.credential.chain, _SHARED, at)
        _put(archive, "postgresql.key", files.credential.key, _PRIVATE, at)
        _put(archive, "root.crt", files.root, _SHARED, at)
        _put(archive, "README.txt", text, _SHARED, at)
    return buffer.getvalue()


def _put(archive: zipfile.ZipFile, name: str, text: str, mode: int, at: datetime) -> None:
    entry = zipfile.ZipInfo(name, (max(at.year, _EARLIEST), at.month, at.day, at.hour, at.minute, at.second))
    entry.create_system = _UNIX
    entry.external_attr = mode << 16
    # A ``ZipInfo`` has a compression of its own, by default none, whatever the archive's is.
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text.encode())
