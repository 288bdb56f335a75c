"""Reads the body of an answer piece by piece, and stops where it grows too large."""

import zlib
from typing import Final

import httpx

from bot.errors import HerokuAmbiguousError

LARGEST: Final = 8 * 2**20
"""Bytes of an answer's body at most, unpacked: a page of 1,000 add-ons has less than two million, and what is
parsed of a body takes up to some twenty times its size in memory."""

ACCEPTED: Final = "gzip"
"""The one encoding that is asked for (RFC 9110, 12.5.3): its unpacking can be bounded."""

_ANY_HEADER: Final = 32 + zlib.MAX_WBITS
"""Reads gzip and zlib alike (zlib manual, ``inflateInit2``)."""


async def read_body(response: httpx.Response) -> bytes:
    """Reads and unpacks the body of a response that is being streamed.

    Args:
        response: its body is not read yet.

    Raises:
        HerokuAmbiguousError: the body is larger than ``LARGEST``, or is packed in a way that cannot be read.
        httpx.HTTPError: the connection was cut.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            _require_room(response, body)
        return bytes(body)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise HerokuAmbiguousError(response.status_code, "unreadable", "the answer is packed unexpectedly")
    return await _unpacked(response)


async def _unpacked(response: httpx.Response) -> bytes:
    # By hand, since httpx unpacks each chunk whole, and one may unpack to a thousand times its size.
    body, unpacking, read = bytearray(), zlib.decompressobj(_ANY_HEADER), False
    try:
        async for chunk in response.aiter_raw():
            read = True
            body += unpacking.decompress(chunk, LARGEST + 1 - len(body))
            _require_room(response, body)
        body += unpacking.flush()
    except zlib.error as error:
        raise HerokuAmbiguousError(
            response.status_code, "unreadable", "the answer is packed badly"
        ) from error
    # An answer without a body may name an encoding all the same.
    if not unpacking.eof and read:
        raise HerokuAmbiguousError(response.status_code, "cut", "the packed answer is not complete")
    return bytes(body)


def _require_room(response: httpx.Response, body: bytearray) -> None:
    if len(body) > LARGEST:
        most = f"{LARGEST // 2**20} MiB"
        raise HerokuAmbiguousError(response.status_code, "too_large", f"the answer is larger than {most}")
