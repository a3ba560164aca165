"""One HTTP/2 connection: many exchanges at once, flow control, pings, and a server that says goodbye.

The protocol itself is h2's. Which connection an exchange takes, and when there is a new one, is asked in `http2`.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    PingAckReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings
from hpack import HeaderTuple
from hyperframe.frame import Frame, GoAwayFrame

from clarion.egress.errors import Broken
from clarion.egress.http import Response
from clarion.egress.http2_exchange import Exchange, NotTaken

PING_SECONDS = 60.0
PONG_SECONDS = 10.0
MOST_EXCHANGES = 2**30
# its debug log repeats every header: tokens and addresses
logging.getLogger("hpack").setLevel(logging.WARNING)
SETTINGS = {SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: 65_535}
CONFIG = H2Configuration(
    client_side=True, header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
)


class _Connection(H2Connection):
    """h2 takes a GOAWAY for the end at once, but a server that says goodbye still answers the streams that it named
    (RFC 9113, 6.8): its state stays open for those."""

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[Event]]:
        state = self.state_machine.state
        result = super()._receive_goaway_frame(frame)
        self.state_machine.state = state
        return result


class Wire(asyncio.Protocol):
    """A connection. `on_change` is called when there may be room again, or never will be: look at `is_open`."""

    def __init__(self, on_change: Callable[[], None], *, cap: int) -> None:
        self._on_change = on_change
        self._cap = cap
        self._h2 = _Connection(config=CONFIG)
        self._h2.local_settings = Settings(client=True, initial_values=dict(SETTINGS))
        self._loop = asyncio.get_running_loop()
        self._streams: dict[int, Exchange] = {}
        self._blocked: list[int] = []
        self._flushing = False
        self._pong: asyncio.TimerHandle | None = None
        self._ping: asyncio.TimerHandle | None = None
        self._heard = True
        self._transport: asyncio.Transport | None = None
        self.is_open = False
        self.ready: asyncio.Future[None] = self._loop.create_future()

    @property
    def has_room(self) -> bool:
        """Whether one more exchange may begin: the server names how many it takes at once."""
        return self.is_open and len(self._streams) < self._h2.remote_settings.max_concurrent_streams

    @property
    def busy(self) -> int:
        """How many exchanges are on their way."""
        return len(self._streams)

    async def exchange(self, headers: Sequence[HeaderTuple], body: bytes) -> Response:
        """One request and its answer. Raises NotTaken or Broken. Cancelling it tells the server."""
        number, exchange = self._say(headers, body)
        try:
            return await exchange.answer
        finally:
            if self._streams.pop(number, None) is not None:
                self._drop(number)
            self._on_change()
            self._end_if_done()

    def check(self) -> None:
        """Ask whether the other side is still there; the connection ends when it does not say so."""
        if self._pong is None and self._transport is not None:
            self._h2.ping(b"clarion?")
            self._pong = self._loop.call_later(PONG_SECONDS, self._lost, "the server is silent")
            self._flush_soon()

    def close(self) -> None:
        """Say goodbye and hang up; what was on its way is broken off."""
        self.is_open = False
        transport = self._transport
        if transport is not None and not transport.is_closing():
            self._h2.close_connection()
            self._flush()
            transport.close()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._h2.initiate_connection()
        self._flush()
        self._ping = self._loop.call_later(PING_SECONDS, self._keep)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._flush()
        try:
            for event in self._h2.receive_data(data):
                self._take(event)
        except H2Error:
            self._lost("the server broke the protocol")
            return
        self._flush_soon()

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost("the connection broke")

    # what the server says

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived(stream_id=number, headers=headers):
                self._begin(number, headers)
            case DataReceived(stream_id=number, data=data, flow_controlled_length=length):
                self._h2.acknowledge_received_data(length, number)
                self._more(number, data)
            case StreamEnded(stream_id=number):
                self._finish(number)
            case StreamReset(stream_id=number, error_code=code):
                self._reset(number, code)
            case WindowUpdated():
                self._unblock()
            case RemoteSettingsChanged():
                self._settled()
            case PingAckReceived():
                self._answered()
            case ConnectionTerminated(last_stream_id=last):
                self._goodbye(last or 0)

    def _begin(self, number: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        exchange = self._streams.get(number)
        if exchange is not None:
            exchange.begin(headers)

    def _more(self, number: int, data: bytes) -> None:
        exchange = self._streams.get(number)
        if exchange is not None and not exchange.add(data):
            del self._streams[number]
            self._drop(number)

    def _finish(self, number: int) -> None:
        exchange = self._streams.pop(number, None)
        if exchange is not None:
            if exchange.unsent:
                self._drop(number)
            exchange.finish()

    def _reset(self, number: int, code: int | None) -> None:
        exchange = self._streams.pop(number, None)
        if exchange is not None:
            refused = code == ErrorCodes.REFUSED_STREAM
            exchange.fail(NotTaken() if refused else Broken("the server broke the exchange off", sent=True))

    def _settled(self) -> None:
        if not self.ready.done():
            self.is_open = True
            self.ready.set_result(None)
        self._unblock()
        self._on_change()

    def _answered(self) -> None:
        if self._pong is not None:
            self._pong.cancel()
            self._pong = None

    def _goodbye(self, last: int) -> None:
        self.is_open = False
        for number in [number for number in self._streams if number > last]:
            self._streams.pop(number).fail(NotTaken())
        self._on_change()
        self._end_if_done()

    # what we say

    def _say(self, headers: Sequence[HeaderTuple], body: bytes) -> tuple[int, Exchange]:
        try:
            number = self._h2.get_next_available_stream_id()
            self._h2.send_headers(number, headers)
        except H2Error as error:
            self.is_open = False
            raise NotTaken from error
        exchange = self._streams[number] = Exchange(self._loop.create_future(), body, self._cap)
        if number >= MOST_EXCHANGES:
            self.is_open = False
        self._send(number, exchange)
        self._flush_soon()
        return number, exchange

    def _send(self, number: int, exchange: Exchange) -> None:
        """As much of the body as the server has room for."""
        frame = self._h2.max_outbound_frame_size
        while (room := min(self._h2.local_flow_control_window(number), frame)) > 0 or not exchange.unsent:
            part, exchange.unsent = exchange.unsent[:room], exchange.unsent[room:]
            self._h2.send_data(number, part, end_stream=not exchange.unsent)
            if not exchange.unsent:
                return
        self._blocked.append(number)

    def _unblock(self) -> None:
        waiting, self._blocked = self._blocked, []
        for number in waiting:
            exchange = self._streams.get(number)
            if exchange is not None:
                with suppress(H2Error):  # closed by the server meanwhile: the event that says so comes next
                    self._send(number, exchange)

    def _drop(self, number: int) -> None:
        with suppress(H2Error):  # it ended at the same moment
            self._h2.reset_stream(number, ErrorCodes.CANCEL)
        self._flush_soon()

    def _flush_soon(self) -> None:
        """What is said in one turn of the loop goes out in one write."""
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        data = self._h2.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    # the end

    def _keep(self) -> None:
        """A connection on which nothing was heard for a while is asked whether it still is one."""
        if not self._heard:
            self.check()
        self._heard = False
        self._ping = self._loop.call_later(PING_SECONDS, self._keep)

    def _end_if_done(self) -> None:
        if not self.is_open and not self._streams and self._transport is not None:
            self._transport.close()

    def _lost(self, why: str) -> None:
        self.is_open = False
        for timer in (self._ping, self._pong):
            if timer is not None:
                timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        if not self.ready.done():
            self.ready.set_exception(Broken(why, sent=False))
        while self._streams:
            _, exchange = self._streams.popitem()
            exchange.fail(Broken(why, sent=True))
        self._on_change()
