"""What Slack's answers mean.

chat.postMessage answers 200 with `ok` and `error`: https://docs.slack.dev/reference/methods/chat.postMessage#errors
(read 2026-11-20). Incoming webhooks answer a status with a word as text:
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors (read 2026-11-20).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from clarion.contract.faults import Misconfigured
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.egress.retry_after import parse_retry_after
from clarion.providers.vendor_api import by_status

USUAL_WAIT = timedelta(seconds=1)
MOVING = timedelta(minutes=5)


def _each(outcome: Outcome, *codes: str) -> dict[str, Outcome]:
    return dict.fromkeys(codes, outcome)


CODES: Mapping[str, Outcome] = {
    **_each(Rejected(why=Reason.ADDRESS_UNREACHABLE), "channel_not_found", "user_not_found"),
    **_each(Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True), "is_archived", "channel_is_archived"),
    **_each(
        Rejected(why=Reason.POLICY_REFUSED),
        "access_denied",
        "action_prohibited",
        "cannot_reply_to_message",
        "messages_tab_disabled",
        "no_permission",
        "not_in_channel",
        "posting_to_general_channel_denied",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "slack_connect_canvas_sharing_blocked",
        "slack_connect_file_link_sharing_blocked",
        "slack_connect_lists_sharing_blocked",
    ),
    **_each(
        Rejected(why=Reason.TOO_LARGE),
        "attachment_payload_limit_exceeded",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "too_many_attachments",
        "too_many_contact_cards",
    ),
    **_each(
        Rejected(why=Reason.CONTENT_REFUSED),
        "as_user_not_supported",
        "duplicate_channel_not_found",
        "duplicate_message_not_found",
        "invalid_arg_name",
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_charset",
        "invalid_form_data",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "invalid_payload",
        "invalid_post_type",
        "markdown_text_conflict",
        "metadata_must_be_sent_from_app",
        "missing_post_type",
        "missing_text_or_fallback_or_attachments",
        "no_text",
    ),
    **_each(Retry(why=Reason.THROTTLED), "rate_limited", "ratelimited"),
    **_each(Retry(why=Reason.THROTTLED, after=MOVING, whole_account=True), "message_limit_exceeded"),
    **_each(Retry(why=Reason.TEMPORARY), "request_timeout"),
    **_each(Retry(why=Reason.TEMPORARY, whole_account=True), "service_unavailable"),
    **_each(
        Retry(why=Reason.TEMPORARY, after=MOVING, whole_account=True),
        "ekm_access_denied",
        "org_login_required",
        "team_added_to_org",
    ),
    # "it's possible some aspect of the operation succeeded before the error was raised"
    **_each(Unclear(why=Reason.TEMPORARY), "fatal_error", "internal_error", "rollup_error"),
}
WRONG_ACCOUNT: Mapping[str, str] = {
    **dict.fromkeys(
        ("account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"),
        "create a new token on the app's OAuth page",
    ),
    **dict.fromkeys(
        ("missing_scope", "team_access_not_granted"), "give the app the scope chat:write, and reinstall it"
    ),
    **dict.fromkeys(
        ("enterprise_is_restricted", "not_allowed_token_type"), "use a bot token (xoxb-) of the workspace itself"
    ),
    "accesslimited": "the workspace admits the API from certain networks only; add this one",
    "deprecated_endpoint": "update Clarion",
    "method_deprecated": "update Clarion",
    "two_factor_setup_required": "set up two-factor authentication for the token's owner",
}
# the webhook itself is what is gone; its owner must give another
HOOK_GONE = frozenset({"invalid_token", "no_active_hooks", "no_service", "no_service_id", "no_team", "team_disabled"})


class Posted(msgspec.Struct, frozen=True):
    """What chat.postMessage and auth.test answer, as far as it matters."""

    ok: bool
    error: str = ""
    ts: str = ""


def judge(response: Response) -> Outcome:
    """The outcome of a call to chat.postMessage. Raises Misconfigured."""
    if response.status == 429:
        return _throttled(response)
    posted = read(response)
    if posted is None:
        if response.status == 200:
            return Unclear(why=Reason.UNRECOGNISED, detail="the answer could not be read")
        return by_status(response)
    if posted.ok:
        return Sent(remote_id=posted.ts)  # unique within the channel, whose id is an address: not kept
    return _coded(posted.error, response)


def read(response: Response) -> Posted | None:
    """The answer, when it is one of Slack's."""
    try:
        return msgspec.json.decode(response.body, type=Posted)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def refuse_account(code: str) -> None:
    """Raise Misconfigured for codes that speak of the token."""
    if code in WRONG_ACCOUNT:
        raise Misconfigured(f"Slack refused the token ({code}): {WRONG_ACCOUNT[code]}")


def _coded(code: str, response: Response) -> Outcome:
    refuse_account(code)
    if code in ("rate_limited", "ratelimited"):
        return _throttled(response)
    known = CODES.get(code)
    if known is None:
        return Retry(why=Reason.UNRECOGNISED, detail=_shown(code))
    return replace(known, detail=code)


def _shown(code: str) -> str:
    return code if code.replace("_", "").isalnum() and len(code) <= 64 else "an unknown error"


def _throttled(response: Response) -> Retry:
    """Posting is limited for each channel (1 a second) and for the workspace; the answer does not say which it was, so
    it counts for the channel, and the account's rate= keeps the workspace's."""
    after = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
    return Retry(why=Reason.THROTTLED, after=after or USUAL_WAIT, detail="rate limited")


def judge_hook(response: Response) -> Outcome:
    """The outcome of a call to an incoming webhook: it is one person's, so it never speaks for the account."""
    status = response.status
    if 200 <= status < 300:
        return Sent(detail=f"HTTP {status}")
    if status == 429:
        return _throttled(response)
    word = response.body[:64].decode("ascii", "replace").strip()
    if word in HOOK_GONE:
        return Rejected(why=Reason.ENDPOINT_GONE, suppress=True, detail=word)
    known = CODES.get(word)
    if known is not None:
        return replace(known, detail=word)
    if 500 <= status < 600:
        return Retry(why=Reason.TEMPORARY, detail=f"HTTP {status}")
    return Retry(why=Reason.UNRECOGNISED, detail=f"HTTP {status}")
