"""Sending the demo's notifications and seeing them arrive: in the outbox, in the inbox, as a frame on a socket."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock, Thread
from types import TracebackType
from typing import Self
from uuid import UUID

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.api_answers import ARRIVED, Inbox, Outbox, Part, Sent
from clarion.surfaces.cli.api_client import ApiClient

POLL_SECONDS = 0.05
TEMPLATE = "order.placed"


@dataclass(slots=True, kw_only=True)
class Journey:
    """One notification on its way. `place` is empty until it has been seen where it belongs."""

    id: UUID
    channel: ChannelKey
    started: float
    status: str
    place: str = field(default="", repr=False)
    milliseconds: float = 0.0

    @property
    def arrived(self) -> bool:
        """Both: the system says so, and it was seen."""
        return bool(self.place) and self.status in ARRIVED


class LiveFrames:
    """A WebSocket of the user's, listening in a thread of its own."""

    def __init__(self, base_url: str, access: str) -> None:
        """Connects; raises OSError or WebSocketException."""
        url = f"ws{base_url.removeprefix('http')}/ws/notifications/?token={access}"
        self._socket: ClientConnection = connect(url, open_timeout=10, proxy=None)
        self._seen: dict[str, float] = {}
        self._lock = Lock()
        self._thread = Thread(target=self._listen, name="live-frames", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Already listening."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self._socket.close()
        self._thread.join(5)

    def seen_at(self, notification_id: UUID) -> float | None:
        """When (monotonic) the frame of this notification came; None if it has not."""
        with self._lock:
            return self._seen.get(str(notification_id))

    def _listen(self) -> None:
        try:
            for text in self._socket:
                frame = json.loads(text)
                if frame.get("type") == "notification":
                    with self._lock:
                        self._seen[str(frame["data"]["id"])] = time.monotonic()
        except (WebSocketException, OSError):
            return  # nothing more comes; what was not seen by then will be missing from the table


def send_everywhere(api: ApiClient, user_id: str) -> list[Journey]:
    """One notification on each channel, each in a request of its own. Raises ApiError."""
    return [_send(api, user_id, channel) for channel in ChannelKey]


def _send(api: ApiClient, user_id: str, channel: ChannelKey) -> Journey:
    context: Mapping[str, object] = {
        "order_number": f"DEMO-{secrets.token_hex(3).upper()}",
        "order_total": 99.99,
        "currency": "USD",
        "items": [{"name": "Ceramic mug", "quantity": 2, "price": 24.5}, {"name": "Linen throw", "price": 50.99}],
    }
    started = time.monotonic()
    body = {"user_id": user_id, "template_path": TEMPLATE, "channel": str(channel), "context": context}
    answer = api.post("notifications/send", body, Sent)
    return Journey(id=answer.id, channel=channel, started=started, status=answer.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """Everything that is asked whether something has arrived."""

    api: ApiClient
    user_api: ApiClient
    frames: LiveFrames

    def await_all(self, journeys: list[Journey], patience_seconds: float) -> bool:
        """Look until all have arrived (True) or the patience is over (False). Raises ApiError."""
        deadline = time.monotonic() + patience_seconds
        while not all(journey.arrived for journey in journeys):
            if time.monotonic() > deadline:
                return False
            self._look([journey for journey in journeys if not journey.arrived])
            time.sleep(POLL_SECONDS)
        return True

    def _look(self, journeys: list[Journey]) -> None:
        """One look everywhere: places first, for they are timed."""
        outbox = self.api.get_page("outbox/entries", Outbox).entries
        inbox = {item.id for item in self.user_api.get("inbox", Inbox).results}
        now = time.monotonic()
        for journey in journeys:
            match journey.channel:
                case ChannelKey.WEBSOCKET:
                    _note(journey, "live frame on the WebSocket", self.frames.seen_at(journey.id))
                case ChannelKey.IN_APP:
                    _note(journey, "the user's inbox" if journey.id in inbox else "", now)
                case _:
                    recipients = [entry.recipient for entry in outbox if entry.notification_id == journey.id]
                    _note(journey, _outbox_place(journey.channel, recipients), now)
            if journey.status not in ARRIVED:
                journey.status = self.api.get(f"notifications/{journey.id}", Part).status


def _note(journey: Journey, place: str, arrived_at: float | None) -> None:
    """The first sight counts."""
    if place and arrived_at is not None and not journey.place:
        journey.place = place
        journey.milliseconds = (arrived_at - journey.started) * 1000


def _outbox_place(channel: ChannelKey, recipients: list[str]) -> str:
    """To whom it went; a push token tells a person nothing."""
    if channel is ChannelKey.PUSH and recipients:
        return f"outbox: {len(recipients)} {'device' if len(recipients) == 1 else 'devices'}"
    return f"outbox: {recipients[0]}" if recipients else ""
