"""A mail server that keeps what it is given, and fails as scripted. For tests and benchmarks; loopback only.

Strict where real servers should be: a mail ends at CRLF.CRLF and nowhere else.
"""

import asyncio
import base64
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self, cast

from clarion.testing.loopback import LoopbackServer, reset

RESET = "RESET"  # instead of a reply: drop the connection with a TCP reset
HANG = "HANG"  # instead of a reply: nothing
FEATURES = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 10485760")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenMail:
    """One accepted mail; `source` with the dots unstuffed."""

    sender: str
    recipients: tuple[str, ...]
    source: bytes = field(repr=False)


class SmtpSink:
    """`replies[(stage, recipient)]` overrides a reply: a string for always, a list for one after the other.

    Stages: GREETING, EHLO, AUTH, MAIL (recipient ""), and RCPT, DATA, END by recipient. At END a refusal is said
    instead of taking the mail, RESET and HANG come after taking it.
    """

    def __init__(
        self,
        *,
        features: Sequence[str] = FEATURES,
        credentials: tuple[str, str] | None = None,
        starttls: ssl.SSLContext | None = None,
        implicit_tls: ssl.SSLContext | None = None,
        auth: str = "PLAIN LOGIN",
        says_354_to_nobody: bool = False,
        keep: bool = True,
    ) -> None:
        self.features = tuple(features)
        self.credentials = credentials
        self.starttls = starttls
        self.auth = auth
        self.says_354_to_nobody = says_354_to_nobody
        self.keep = keep
        self.taken: list[TakenMail] = []
        self.count = 0
        self.connections = 0
        self.open: set[asyncio.Transport] = set()
        self.commands: list[str] = []
        self.writes: list[int] = []
        self.replies: dict[tuple[str, str], str | list[str]] = {}
        self._server = LoopbackServer(lambda: _Session(self), tls=implicit_tls)

    @property
    def port(self) -> int:
        return self._server.port

    def scripted(self, stage: str, recipient: str = "") -> str:
        """The next scripted reply for a stage, or nothing."""
        reply = self.replies.get((stage, recipient), "")
        if isinstance(reply, list):
            return reply.pop(0) if reply else ""
        return reply

    def recipients(self) -> list[str]:
        """Everybody who got a mail, in order, doubles included."""
        return [recipient for mail in self.taken for recipient in mail.recipients]

    def drop_connections(self) -> None:
        """Reset every open connection."""

        def drop() -> None:
            for transport in tuple(self.open):
                reset(transport)

        self._server.call(drop)

    def start(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Session(asyncio.Protocol):
    """One connection to the sink."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        self._buffer = b""
        self._in_data = False
        self._hanging = False
        self._upgrading = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._login: list[str] | None = None
        self._secured = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._secured:
            return
        self._sink.connections += 1
        self._sink.open.add(self._transport)
        self._say("220 sink", stage="GREETING")

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        if data not in (b"", b"QUIT\r\n"):  # said without waiting, so it may or may not be heard
            self._sink.writes.append(len(data))
        self._buffer += data
        while not self._hanging and not self._upgrading and not self._transport.is_closing():
            if self._in_data:
                if not self._take_source():
                    return
                continue
            line, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                return
            self._buffer = rest
            self._obey(line.decode("utf-8"))

    def _take_source(self) -> bool:
        if self._buffer.startswith(b".\r\n"):
            source, self._buffer = b"", self._buffer[3:]
        else:
            end = self._buffer.find(b"\r\n.\r\n")
            if end < 0:
                return False
            source, self._buffer = self._buffer[: end + 2], self._buffer[end + 5 :]
        self._in_data = False
        if not self._recipients:
            self._send("554 5.5.1 No valid recipients")
            return True
        recipient = self._recipients[0]
        scripted = self._sink.scripted("END", recipient)
        if not scripted or scripted in (RESET, HANG):
            self._sink.count += 1
            if self._sink.keep:
                self._keep(source)
        self._sender, self._recipients = None, []
        self._send(scripted or f"250 2.0.0 Ok: queued as Q{self._sink.count:06d}")
        return True

    def _keep(self, source: bytes) -> None:
        unstuffed = b"\r\n".join(line.removeprefix(b".") for line in source.split(b"\r\n"))
        self._sink.taken.append(
            TakenMail(sender=self._sender or "", recipients=tuple(self._recipients), source=unstuffed)
        )

    def _obey(self, line: str) -> None:
        if self._login is not None:
            self._continue_login(line)
            return
        verb = line[:4].upper()
        if self._sink.keep:
            self._sink.commands.append(verb)
        match verb:
            case "EHLO" | "HELO":
                self._say(self._hello(), stage="EHLO")
            case "STAR":
                self._start_tls()
            case "AUTH":
                self._authenticate(line)
            case "MAIL" | "RCPT" | "DATA":
                self._envelope(verb, line)
            case "RSET":
                self._sender, self._recipients = None, []
                self._send("250 2.0.0 Ok")
            case "NOOP":
                self._send("250 2.0.0 Ok")
            case "QUIT":
                self._send("221 2.0.0 Bye")
                self._transport.close()
            case _:
                self._send("500 5.5.1 Unknown")

    def _hello(self) -> str:
        features = [*self._sink.features]
        if self._sink.starttls is not None and not self._secured:
            features.append("STARTTLS")
        if self._sink.credentials is not None:
            features.append(f"AUTH {self._sink.auth}")
        lines = ["sink", *features]
        return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])

    def _envelope(self, verb: str, line: str) -> None:
        address = line.partition("<")[2].partition(">")[0]
        if verb == "MAIL":
            if self._sender is not None:
                self._send("503 5.5.1 Nested MAIL")
            elif self._say("250 2.1.0 Ok", stage="MAIL"):
                self._sender = address
        elif verb == "RCPT":
            if self._sender is None:
                self._send("503 5.5.1 Need MAIL")
            elif self._say("250 2.1.5 Ok", stage="RCPT", recipient=address):
                self._recipients.append(address)
        elif not self._recipients and self._sink.says_354_to_nobody:
            self._send("354 Go")
            self._in_data = True
        elif not self._recipients:
            self._send("554 5.5.1 No valid recipients")
        elif self._say("354 Go", stage="DATA", recipient=self._recipients[0]):
            self._in_data = True

    def _start_tls(self) -> None:
        if self._sink.starttls is None:
            self._send("502 5.5.1 Not here")
            return
        self._send("220 Go")
        self._secured = True
        self._upgrading = True  # the client may speak before the new transport is in our hands
        self._upgrade_task = asyncio.get_running_loop().create_task(self._upgrade(self._sink.starttls))

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        plain = self._transport
        try:
            transport = await loop.start_tls(plain, self, context, server_side=True)
        except (OSError, ssl.SSLError):
            plain.abort()
            return
        if transport is not None:
            self._sink.open.discard(plain)
            self._transport = transport
            self._sink.open.add(transport)
            self._upgrading = False
            self.data_received(b"")

    def _authenticate(self, line: str) -> None:
        _, _, rest = line.partition(" ")
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, user, password = base64.b64decode(initial).decode().split("\0")
            self._judge(user, password)
        else:
            self._login = []
            self._send("334 VXNlcm5hbWU6")

    def _continue_login(self, line: str) -> None:
        assert self._login is not None
        self._login.append(base64.b64decode(line).decode())
        if len(self._login) == 1:
            self._send("334 UGFzc3dvcmQ6")
            return
        user, password = self._login
        self._login = None
        self._judge(user, password)

    def _judge(self, user: str, password: str) -> None:
        right = (user, password) == self._sink.credentials
        self._say("235 2.7.0 Welcome" if right else "535 5.7.8 Credentials invalid", stage="AUTH")

    def _say(self, reply: str, *, stage: str, recipient: str = "") -> bool:
        """The scripted reply or the usual one; tells whether it was the usual one."""
        scripted = self._sink.scripted(stage, recipient)
        self._send(scripted or reply)
        return not scripted

    def _send(self, reply: str) -> None:
        if reply == RESET:
            reset(self._transport)
        elif reply == HANG:
            self._hanging = True
        else:
            self._transport.write(reply.encode() + b"\r\n")
            if reply.startswith("421"):
                self._transport.close()
