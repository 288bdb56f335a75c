"""WebSocket frames as bytes: how a server reads those of a client and writes its own.

Fact: RFC 6455, sections 4 and 5: a client masks every frame, a server none; control frames hold at most
125 bytes and are never split; text is UTF-8. Extensions are not negotiated.
"""

import base64
import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

LARGEST: Final = 1024 * 1024
"""Bytes of a message; an acknowledgement with a whole modal in it has a quarter of that."""

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_SMALL: Final = 125  # the largest length that fits into the second byte


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class BrokenFrame(Exception):
    """The client does not keep to the protocol; `code` is the close code that says so."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message, or one control frame."""

    opcode: Opcode
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Frame:
    opcode: Opcode
    final: bool
    payload: bytes


class Reader:
    """Puts a client's messages together from whatever pieces arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begun: Opcode | None = None
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are complete now; raises `BrokenFrame`."""
        self._buffer += data
        found: list[Message] = []
        while (frame := self._frame()) is not None:
            if (message := self._joined(frame)) is not None:
                found.append(message)
        return found

    def _frame(self) -> _Frame | None:
        """Take one frame off the buffer; None while it is not all there."""
        if len(self._buffer) < 2:
            return None
        first, second = self._buffer[0], self._buffer[1]
        if first & 0x70 or not second & 0x80:
            raise BrokenFrame(1002, "a reserved bit is set, or the frame is not masked")
        length, start = self._length(second & 0x7F)
        if length is None or len(self._buffer) < start + 4 + length:
            return None
        mask = bytes(self._buffer[start : start + 4])
        payload = unmasked(bytes(self._buffer[start + 4 : start + 4 + length]), mask)
        del self._buffer[: start + 4 + length]
        try:
            opcode = Opcode(first & 0x0F)
        except ValueError as error:
            raise BrokenFrame(1002, "the opcode is reserved") from error
        if opcode >= Opcode.CLOSE and (length > _SMALL or not first & 0x80):
            raise BrokenFrame(1002, "a control frame is too long, or split")
        return _Frame(opcode, bool(first & 0x80), payload)

    def _length(self, short: int) -> tuple[int | None, int]:
        """Return the payload's length and where the mask begins; None while that is not known."""
        size, form = {126: (2, "!H"), 127: (8, "!Q")}.get(short, (0, ""))
        if len(self._buffer) < 2 + size:
            return None, 0
        length = struct.unpack_from(form, self._buffer, 2)[0] if size else short
        if length + sum(map(len, self._parts)) > LARGEST:
            raise BrokenFrame(1009, "the message is too large")
        return length, 2 + size

    def _joined(self, frame: _Frame) -> Message | None:
        if frame.opcode >= Opcode.CLOSE:
            return Message(frame.opcode, frame.payload)  # may come between the parts of a message
        if (frame.opcode == Opcode.CONTINUATION) != (self._begun is not None):
            raise BrokenFrame(1002, "a continuation of nothing, or a message within a message")
        self._begun = self._begun or frame.opcode
        self._parts.append(frame.payload)
        if not frame.final:
            return None
        whole = Message(self._begun, b"".join(self._parts))
        self._begun, self._parts = None, []
        return whole


def written(opcode: Opcode, payload: bytes) -> bytes:
    """Return a server's frame: whole and unmasked."""
    length = len(payload)
    if length <= _SMALL:
        head = struct.pack("!BB", 0x80 | opcode, length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, length)
    return head + payload


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """Return a payload with its mask taken off, or put on: it is the same."""
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(len(payload))


def accept_key(key: str) -> str:
    """Return the answer to a handshake's ``Sec-WebSocket-Key``, which proves that it was understood."""
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()
