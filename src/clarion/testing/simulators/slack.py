"""Slack on loopback: chat.postMessage, auth.test and incoming webhooks, by their documentation (2026-11).

Knows one token and the channels in `channels`; checks what Slack checks. `errors` answers a channel with an error of
its own; `posted` keeps what was taken.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from clarion.testing.simulators.simulator import Simulator

TOKEN = "xoxb-simulated-token"  # noqa: S105 - of nobody
MOST_BLOCKS = 50
LONGEST_TEXT = 40_000
SECTION = 3_000
HEADER = 150


class SlackSimulator(Simulator):
    """`channels` are those the bot is in; every other one is not found. A webhook works under /services/T/B/<any>."""

    def __init__(self) -> None:
        super().__init__()
        self.channels = {"C0123456789", "C0987654321", "general", "#orders", "U0123456789"}
        self.errors: dict[str, str] = {}
        self.hook_answers: dict[str, tuple[int, str]] = {}
        self.posted: list[Mapping[str, Any]] = []

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/chat.postMessage", self._post),
            web.post("/auth.test", self._auth),
            web.post("/services/{path:.*}", self._hook),
        ]

    async def _auth(self, request: web.Request) -> web.StreamResponse:
        wrong = _wrong_token(request)
        return web.json_response({"ok": False, "error": wrong} if wrong else {"ok": True, "team": "Simulated"})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        error, body = _wrong_token(request), await _json(request)
        error = error or ("" if body is not None else "invalid_arguments")
        if error or body is None:
            return _refused(error)
        channel = str(body.get("channel", ""))
        error = self.errors.get(channel) or ("" if channel in self.channels else "channel_not_found") or _fault(body)
        if error:
            return _refused(error)
        self.posted.append(body)
        self.accepted[str(body.get("metadata", {}).get("event_payload", {}).get("notification_id", ""))] += 1
        return web.json_response({"ok": True, "channel": channel, "ts": f"1503435956.{len(self.posted):06d}"})

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        status, word = self.hook_answers.get(request.path, (200, "ok"))
        body = await _json(request)
        if body is None or _fault(body):
            status, word = 400, "invalid_payload" if body is None else _fault(body)
        if status == 200 and body is not None:
            self.posted.append(body)
            self.accepted[request.path] += 1
        return web.Response(status=status, text=word)


async def _json(request: web.Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.read())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _refused(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error})


def _wrong_token(request: web.Request) -> str:
    given = request.headers.get("Authorization", "")
    if not given.startswith("Bearer ") or not given.removeprefix("Bearer "):
        return "not_authed"
    return "" if given == f"Bearer {TOKEN}" else "invalid_auth"


def _fault(body: Mapping[str, Any]) -> str:
    """What is wrong with a message, in Slack's word; empty: nothing."""
    text, blocks = body.get("text", ""), body.get("blocks", [])
    if not text and not blocks:
        return "no_text"
    if len(text) > LONGEST_TEXT:
        return "msg_too_long"
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        return "invalid_blocks_format"
    return "" if all(_is_block(each) for each in blocks) else "invalid_blocks"


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return False
    words = block.get("text") or {}
    if block["type"] == "header":
        return words.get("type") == "plain_text" and 1 <= len(words.get("text", "")) <= HEADER
    if block["type"] == "section" and "text" in block:
        return words.get("type") in ("mrkdwn", "plain_text") and 1 <= len(words.get("text", "")) <= SECTION
    return True
