"""Why a notification met its fate. Few states, many reasons: every reason that can stand in the ledger is here."""

from enum import StrEnum


class Reason(StrEnum):
    """Stable codes; they appear in the API, in metrics and in the docs, so a code is never renamed."""

    # the provider, about one message
    INVALID_ADDRESS = "invalid_address"
    ADDRESS_UNREACHABLE = "address_unreachable"
    MAILBOX_FULL = "mailbox_full"
    CONTENT_REFUSED = "content_refused"
    TOO_LARGE = "too_large"
    POLICY_REFUSED = "policy_refused"
    DEVICE_GONE = "device_gone"
    ENDPOINT_GONE = "endpoint_gone"
    FORBIDDEN_TARGET = "forbidden_target"
    REDIRECT_REFUSED = "redirect_refused"
    THROTTLED = "throttled"
    TEMPORARY = "temporary"
    UNRECOGNISED = "unrecognised"
    TIMEOUT = "timeout"
    CONNECTION_LOST = "connection_lost"
    # the provider, about the account
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"
    PROVIDER_ERROR = "provider_error"
    NO_PROVIDER = "no_provider"
    # the engine
    NO_ADDRESS = "no_address"
    RENDER_FAILED = "render_failed"
    CONTENT_INVALID = "content_invalid"
    TEMPLATE_MISSING_CONTENT = "template_missing_content"
    WORKER_LOST = "worker_lost"
    UNCLEAR = "unclear"
    RATE_LIMITED = "rate_limited"
    ACCOUNTS_RESTING = "accounts_resting"
    RETRIES_EXHAUSTED = "retries_exhausted"
    UNDECRYPTABLE = "undecryptable"
    INTERNAL_ERROR = "internal_error"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    USER_GONE = "user_gone"
    # the gate
    GLOBAL_OFF = "global_off"
    MARKETING_OFF = "marketing_off"
    CHANNEL_OFF = "channel_off"
    CATEGORY_OFF = "category_off"
    DUPLICATE = "duplicate"
    MISFIRED = "misfired"
