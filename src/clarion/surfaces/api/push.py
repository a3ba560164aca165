"""What a web client needs before it can register a browser for push."""

import msgspec

from clarion.records.accounts.published import webpush_key
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.problems import Refusal


class WebPushKeyOut(msgspec.Struct, frozen=True, kw_only=True):
    """The `applicationServerKey` for `pushManager.subscribe`: a P-256 point in base64url."""

    public_key: str


class WebPushKeyView(Endpoint):
    tag = "people"

    @operation(permission=Open.ANYONE, answers={200: WebPushKeyOut}, problems=(404,))
    def get(self, call: Call) -> Answer:
        """Show the public VAPID key that browsers subscribe with."""
        key = webpush_key()
        if not key:
            raise Refusal(404, "no_webpush_account", "no webpush:// account is configured: see `clarion vapid`")
        return Answer(value=WebPushKeyOut(public_key=key), headers={"Cache-Control": "public, max-age=300"})
