"""Zip of a certificate's files, in memory: those of Heroku's own download, other formats, and texts."""

import io
import zipfile
from datetime import datetime
from typing import Final

import structlog

from bot.i18n.translator import Translator
from bot.services import CertificateFiles
from bot.views.mtls import kit
from handlers.web.key_formats import converted

_UNIX: Final = 3
"""Unix as the creating system (PKWARE APPNOTE 4.4.2): unpackers read file modes only with it."""

_PRIVATE: Final = 0o100600
_SHARED: Final = 0o100644
"""Modes of regular files. libpq refuses a key that others may read (PostgreSQL manual, "SSL Support")."""

_EARLIEST: Final = 1980
"""First year that the format can represent."""

log = structlog.get_logger(__name__)


def zipped(files: CertificateFiles, *, password: str | None, at: datetime, t: Translator) -> bytes:
    """Return a zip of the certificate, its key in several formats, the server's chain and texts.

    A key that cannot be converted is delivered as it is: the link is used up by now.

    Args:
        files: Certificate, key and chain.
        password: Password of the ``.p12``; None leaves that file out, since nobody could be told it.
        at: Modification time of the files, in UTC.
        t: Translator for the texts.
    """
    key = converted(files.credential, password=password)
    if key is None:
        log.warning("download_link.not_converted")
    contents = kit.Kit(
        database=files.database,
        handle=files.handle,
        parameters=files.parameters,
        pk8=key is not None,
        p12=key is not None and key.p12 is not None,
    )
    # Not a temporary file, which would put the private key on a disk.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, kit.CERTIFICATE, files.credential.chain.encode(), _SHARED, at)
        _put(archive, kit.KEY, files.credential.key.encode(), _PRIVATE, at)
        _put(archive, kit.ROOT, files.root.encode(), _SHARED, at)
        if key is not None:
            _put(archive, kit.PK8, key.pk8, _PRIVATE, at)
        if key is not None and key.p12 is not None:
            _put(archive, kit.P12, key.p12, _PRIVATE, at)
        for name, text in kit.texts(contents, at=at, t=t).items():
            _put(archive, name, text.encode(), _SHARED, at)
    return buffer.getvalue()


def _put(archive: zipfile.ZipFile, name: str, content: bytes, mode: int, at: datetime) -> None:
    entry = zipfile.ZipInfo(name, (max(at.year, _EARLIEST), at.month, at.day, at.hour, at.minute, at.second))
    entry.create_system = _UNIX
    entry.external_attr = mode << 16
    # A ``ZipInfo`` has a compression of its own, by default none, whatever the archive's is.
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
