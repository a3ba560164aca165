"""A sentence for each code of a closed set. generate_docs.py refuses to run when a member has none."""

from clarion.contract.reasons import Reason
from clarion.records.access.permissions import Permission

REASONS: dict[Reason, str] = {
    Reason.INVALID_ADDRESS: "The provider says that the address is malformed or cannot exist.",
    Reason.ADDRESS_UNREACHABLE: "The provider knows nobody under this address, or cannot reach them.",
    Reason.MAILBOX_FULL: "The recipient's mailbox has no room.",
    Reason.CONTENT_REFUSED: "The provider refuses this content, or the receiver answered that it does.",
    Reason.TOO_LARGE: "The message is larger than the provider or the receiver takes.",
    Reason.POLICY_REFUSED: "The provider's or the receiver's policy forbids this message (blocked, opted out).",
    Reason.DEVICE_GONE: "The push token is dead: the app was removed or the token replaced.",
    Reason.ENDPOINT_GONE: "The webhook's receiver answered 410: it is gone for good.",
    Reason.FORBIDDEN_TARGET: "The webhook's target is not a public https address.",
    Reason.REDIRECT_REFUSED: "The webhook's receiver answered with a redirect; redirects are not followed.",
    Reason.THROTTLED: "The provider asks to slow down.",
    Reason.TEMPORARY: "The provider says that it cannot take the message at the moment.",
    Reason.UNRECOGNISED: "The provider answered something that is not in its table.",
    Reason.TIMEOUT: "The answer did not come in time; the message may have been taken.",
    Reason.CONNECTION_LOST: "The connection broke half-way; the message may have been taken.",
    Reason.UNREACHABLE: "No connection to the provider could be made; nothing was handed over.",
    Reason.MISCONFIGURED: "The account's credentials or settings are wrong; nothing works until a person changes them.",
    Reason.PROVIDER_ERROR: "The provider's code gave no outcome for the message, or failed; a bug in it.",
    Reason.NO_PROVIDER: "No account of the channel can be used: paused, resting after a fault, or misconfigured.",
    Reason.NO_ADDRESS: "The recipient lost the address for this channel after the notification was accepted.",
    Reason.RENDER_FAILED: "The template could not be rendered with this context.",
    Reason.CONTENT_INVALID: "What the template rendered breaks a limit of the channel.",
    Reason.TEMPLATE_MISSING_CONTENT: "The template version has no content for the channel.",
    Reason.WORKER_LOST: "A worker took it up and was not heard of again; it may have reached the provider.",
    Reason.RATE_LIMITED: "It waits because the account, the recipient or the category is at its limit; not an attempt.",
    Reason.ACCOUNTS_RESTING: "It waits while the channel's accounts rest after failures (circuit breaker); not an attempt.",
    Reason.RETRIES_EXHAUSTED: "Attempts or the deadline are used up; the decision's detail says which, and the last reason.",
    Reason.UNDECRYPTABLE: "The stored payload cannot be opened: its key is missing from CLARION_ENCRYPTION_KEYS.",
    Reason.EXPIRED: "`expires_at` passed before it could be sent, or would have before the next attempt.",
    Reason.CANCELLED: "The caller cancelled it.",
    Reason.USER_GONE: "The recipient was removed or made inactive after the notification was accepted.",
    Reason.GLOBAL_OFF: "The recipient switched all notifications off; critical and high priority pass.",
    Reason.MARKETING_OFF: "The recipient switched marketing off.",
    Reason.CHANNEL_OFF: "The recipient switched the channel off, or marketing by SMS never on; critical passes.",
    Reason.CATEGORY_OFF: "The recipient switched the category off, or the channel within it; critical passes.",
    Reason.DUPLICATE: "It repeats a reference within the category's window; the decision's detail names the first.",
    Reason.MISFIRED: "It was scheduled, found long after it was due, and its category says to skip such ones.",
}

PERMISSIONS: dict[Permission, str] = {
    Permission.SEND: "Send to oneself; see what one sent or received, and cancel what one sent.",
    Permission.SEND_OTHERS: "Send to other people.",
    Permission.BULK: "Reach many people in one call; no operation asks for it yet.",
    Permission.TEMPLATES: "Read, write and validate templates.",
    Permission.ANALYTICS: "See everybody's notifications and their histories.",
    Permission.BYPASS: "Pass the recipient's preferences over (`options.bypass_preferences`).",
    Permission.STAFF: "Everything: it includes all other permissions, and people, categories, providers, dead letters.",
}
