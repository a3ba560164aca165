"""The HTTP/2 side of the APNs simulator: one connection, its faults and its goodbyes. What is answered is in `apns`."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, PingReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from clarion.testing.loopback import reset
from clarion.testing.simulators.simulator import Fault, Trick


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Vendor(Protocol):
    """What a connection asks of its simulator."""

    max_streams: int
    goodbye_after: int
    is_mute: bool
    faults: deque[Fault]
    tokens: dict[str, float]
    connections: int
    pings: int
    transports: set[asyncio.Transport]

    def answer(self, request: Request) -> Reply: ...


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._h2 = H2Connection(config=H2Configuration(client_side=False, header_encoding="latin-1"))
        self._open: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._taken = 0
        self._is_leaving = False
        self._widened = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._vendor.connections += 1
        self._vendor.transports.add(self._transport)
        most = min(1, self._vendor.max_streams)
        self._h2.local_settings = Settings(client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: most})
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, _error: Exception | None) -> None:
        self._vendor.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._vendor.is_mute:
            return
        try:
            for event in self._h2.receive_data(data):
                self._take(event)
        except H2Error:
            self._flush()
            self._transport.close()
            return
        self._flush()

    def _take(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=number, headers=headers):
                self._open[number] = (dict(cast(list[tuple[str, str]], headers)), bytearray())
            case DataReceived(stream_id=number, data=data, flow_controlled_length=length):
                self._h2.acknowledge_received_data(length, number)
                if number in self._open:
                    self._open[number][1].extend(data)
            case StreamEnded(stream_id=number):
                self._ended(number)
            case StreamReset(stream_id=number):
                self._open.pop(number, None)
            case PingReceived():
                self._vendor.pings += 1

    def _ended(self, number: int) -> None:
        headers, body = self._open.pop(number)
        if self._is_leaving:
            return  # above the last stream that was named: not taken
        request = Request(
            method=headers.pop(":method", ""), path=headers.pop(":path", ""), headers=headers, body=bytes(body)
        )
        fault = self._vendor.faults.popleft() if self._vendor.faults else None
        if fault is None:
            self._reply(number, self._vendor.answer(request))
        else:
            self._misbehave(number, request, fault)
        self._taken += 1
        if self._vendor.goodbye_after and self._taken >= self._vendor.goodbye_after:
            self._leave(number)

    def _misbehave(self, number: int, request: Request, fault: Fault) -> None:
        match fault.trick:
            case Trick.STATUS:
                self._reply(number, Reply(status=fault.status, headers=fault.headers, body=fault.body))
            case Trick.MALFORMED:
                self._reply(number, Reply(status=400, body=b"<html>not what you expect"))
            case Trick.SLOW:
                loop = asyncio.get_running_loop()
                loop.call_later(fault.seconds, self._late, number, request)
            case Trick.RESET_AFTER:
                self._vendor.answer(request)
                reset(self._transport)
            case Trick.RESET:
                self._h2.reset_stream(number, ErrorCodes.REFUSED_STREAM)

    def _late(self, number: int, request: Request) -> None:
        self._reply(number, self._vendor.answer(request))
        self._flush()

    def _reply(self, number: int, reply: Reply) -> None:
        headers = [(":status", str(reply.status)), *reply.headers.items()]
        with suppress(H2Error):  # nobody waits for it any more
            self._h2.send_headers(number, headers, end_stream=not reply.body)
            if reply.body:
                self._h2.send_data(number, reply.body, end_stream=True)
        if reply.status == 200 and not self._widened:
            # Apple takes one request until it has seen a good token
            self._widened = True
            self._h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self._vendor.max_streams})

    def _leave(self, last: int) -> None:
        """Goodbye: what came up to here was taken, what came after was not."""
        self._is_leaving = True
        self._flush()
        self._transport.write(_goaway(last))

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)


def _goaway(last: int) -> bytes:
    """The frame by hand, for h2 takes its own goodbye for the end and would answer nothing more."""
    reason = b'{"reason":"Shutdown"}'
    payload = last.to_bytes(4, "big") + b"\0\0\0\0" + reason
    return len(payload).to_bytes(3, "big") + b"\x07\0\0\0\0\0" + payload
