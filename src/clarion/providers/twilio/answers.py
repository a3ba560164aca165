"""What Twilio's codes mean: https://www.twilio.com/docs/api/errors, those that a message can meet (read 2026-11-20: the
whole list in its copy of 2023-05, and the pages of newer codes as far as they could be found).

The same codes come at once, when a message is created, and later, as the `ErrorCode` of a status callback. Twilio's own
texts repeat the number and are never kept. A code that depends on the destination is never the account's fault, for one
recipient would then switch it off for all.
"""

from collections.abc import Mapping

from clarion.contract.faults import Misconfigured
from clarion.contract.feedback import Kind
from clarion.contract.outcome import Outcome, Rejected, Retry, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.vendor_api import by_status, wait_asked

# Of one message: code → (reason, the number itself is dead).
REJECTED: Mapping[int, tuple[Reason, bool]] = {
    14101: (Reason.INVALID_ADDRESS, False),  # invalid To attribute
    14103: (Reason.CONTENT_REFUSED, False),  # invalid body
    14111: (Reason.POLICY_REFUSED, False),  # a trial account reaches verified numbers only
    20023: (Reason.INVALID_ADDRESS, False),  # not a number
    20413: (Reason.TOO_LARGE, False),  # request entity too large
    21202: (Reason.INVALID_ADDRESS, True),  # premium number
    21211: (Reason.INVALID_ADDRESS, True),  # invalid To number
    21214: (Reason.ADDRESS_UNREACHABLE, False),  # To number cannot be reached
    21217: (Reason.INVALID_ADDRESS, True),  # does not appear to be valid
    21219: (Reason.POLICY_REFUSED, False),  # a trial account reaches verified numbers only
    21265: (Reason.INVALID_ADDRESS, True),  # To is a short code
    21266: (Reason.INVALID_ADDRESS, False),  # To and From are the same
    21268: (Reason.INVALID_ADDRESS, True),  # premium or information service number
    21401: (Reason.INVALID_ADDRESS, True),  # invalid number
    21407: (Reason.INVALID_ADDRESS, True),  # this type of number does not support SMS
    21408: (Reason.POLICY_REFUSED, False),  # no permission for the region: the account's geo permissions
    21421: (Reason.INVALID_ADDRESS, True),  # number is invalid
    21602: (Reason.CONTENT_REFUSED, False),  # body is required
    21604: (Reason.INVALID_ADDRESS, False),  # To is required
    21605: (Reason.TOO_LARGE, False),  # longer than 160 (old API)
    21606: (Reason.POLICY_REFUSED, False),  # this sender cannot send to this destination
    21608: (Reason.POLICY_REFUSED, False),  # a trial account reaches verified numbers only
    21610: (Reason.POLICY_REFUSED, True),  # the recipient sent STOP; START lifts it
    21612: (Reason.ADDRESS_UNREACHABLE, False),  # no route from this sender to this number
    21614: (Reason.INVALID_ADDRESS, True),  # not a mobile number
    21617: (Reason.TOO_LARGE, False),  # longer than 1600
    21618: (Reason.CONTENT_REFUSED, False),  # body cannot be sent
    21619: (Reason.CONTENT_REFUSED, False),  # nothing to send
    21620: (Reason.CONTENT_REFUSED, False),  # invalid media URL
    21623: (Reason.CONTENT_REFUSED, False),  # too many media
    21624: (Reason.CONTENT_REFUSED, False),  # validity period not taken
    21635: (Reason.INVALID_ADDRESS, True),  # To is a landline
    21652: (Reason.TOO_LARGE, False),  # subject longer than 40
    21653: (Reason.INVALID_ADDRESS, False),  # more recipients than allowed
    21655: (Reason.CONTENT_REFUSED, False),  # ContentSid invalid
    21656: (Reason.CONTENT_REFUSED, False),  # ContentVariables invalid
    21658: (Reason.TOO_LARGE, False),  # a parameter is too long
    21703: (Reason.POLICY_REFUSED, False),  # the messaging service has no number for this destination
    21900: (Reason.POLICY_REFUSED, False),  # India: DLT entity id not valid
    21901: (Reason.POLICY_REFUSED, False),  # India: DLT template id not valid
    21910: (Reason.INVALID_ADDRESS, False),  # From and To are of different channels
    30004: (Reason.POLICY_REFUSED, False),  # message blocked (by the phone, its owner or a register)
    30005: (Reason.ADDRESS_UNREACHABLE, True),  # unknown handset: the number may no longer exist
    30006: (Reason.ADDRESS_UNREACHABLE, True),  # landline or unreachable carrier
    30007: (Reason.CONTENT_REFUSED, False),  # filtered as spam
    30010: (Reason.POLICY_REFUSED, False),  # dearer than max_price
    30011: (Reason.CONTENT_REFUSED, False),  # MMS not supported there
    30012: (Reason.CONTENT_REFUSED, False),  # validity too short
    30013: (Reason.CONTENT_REFUSED, False),  # validity too long
    30014: (Reason.INVALID_ADDRESS, False),  # invalid To attributes
    30015: (Reason.INVALID_ADDRESS, False),  # channel type not supported
    30016: (Reason.INVALID_ADDRESS, False),  # channel types incompatible
    30018: (Reason.POLICY_REFUSED, False),  # the carrier wants the sender registered
    30019: (Reason.TOO_LARGE, False),  # larger than the carrier takes
    30024: (Reason.POLICY_REFUSED, False),  # the sender is not provisioned at the carrier
    30032: (Reason.POLICY_REFUSED, False),  # the toll-free number is not verified (US, CA)
    30033: (Reason.POLICY_REFUSED, False),  # the US A2P campaign is suspended
    30034: (Reason.POLICY_REFUSED, False),  # the number is not registered for US A2P
    30035: (Reason.POLICY_REFUSED, False),  # the number is still being configured for US A2P
    30036: (Reason.EXPIRED, False),  # validity period over
    30038: (Reason.CONTENT_REFUSED, False),  # one-time code filtered
    30039: (Reason.POLICY_REFUSED, False),  # message loop
    30040: (Reason.POLICY_REFUSED, False),  # the carrier wants the sender registered
    30041: (Reason.POLICY_REFUSED, False),  # sender name blocked there for want of use
    30042: (Reason.POLICY_REFUSED, False),  # sender name blocked there as too general
    30044: (Reason.TOO_LARGE, False),  # too long for a trial account
    30110: (Reason.CONTENT_REFUSED, False),  # the link's domain is blocked
    30111: (Reason.CONTENT_REFUSED, False),  # the link is on a blocklist
    30450: (Reason.POLICY_REFUSED, False),  # held back as SMS pumping
    30451: (Reason.POLICY_REFUSED, False),  # blocked by Twilio
    30453: (Reason.POLICY_REFUSED, False),  # could not be delivered: suspected fraud
    60005: (Reason.ADDRESS_UNREACHABLE, False),  # downstream carrier error
    63003: (Reason.INVALID_ADDRESS, False),  # channel found no To address
    63005: (Reason.CONTENT_REFUSED, False),  # channel did not accept the content
    63006: (Reason.CONTENT_REFUSED, False),  # content could not be formatted
    63013: (Reason.POLICY_REFUSED, False),  # channel policy
    63014: (Reason.POLICY_REFUSED, False),  # blocked by the user
    63015: (Reason.POLICY_REFUSED, False),  # not joined to the sandbox
    63016: (Reason.POLICY_REFUSED, False),  # outside the conversation window
    63019: (Reason.CONTENT_REFUSED, False),  # media failed to download
    63021: (Reason.CONTENT_REFUSED, False),  # invalid content
    63024: (Reason.INVALID_ADDRESS, False),  # invalid recipient
    63025: (Reason.CONTENT_REFUSED, False),  # media already exists
    63026: (Reason.CONTENT_REFUSED, False),  # flagged as spam
    63027: (Reason.CONTENT_REFUSED, False),  # no such template
    63028: (Reason.CONTENT_REFUSED, False),  # number of parameters
    63029: (Reason.CONTENT_REFUSED, False),  # the receiver could not load the template
    63030: (Reason.CONTENT_REFUSED, False),  # unsupported parameter
    63031: (Reason.INVALID_ADDRESS, False),  # same From and To
    63032: (Reason.POLICY_REFUSED, False),  # WhatsApp limitation
    63033: (Reason.POLICY_REFUSED, False),  # the recipient blocked it
    63034: (Reason.TOO_LARGE, False),  # media too large
    63035: (Reason.POLICY_REFUSED, False),  # RCS agent not launched
    63036: (Reason.ADDRESS_UNREACHABLE, False),  # not reachable by RCS
    63040: (Reason.CONTENT_REFUSED, False),  # template rejected
    63041: (Reason.CONTENT_REFUSED, False),  # template paused
    63042: (Reason.CONTENT_REFUSED, False),  # template disabled
    63049: (Reason.POLICY_REFUSED, False),  # Meta chose not to deliver
}
# Again later: code → (reason, the account as a whole must slow down or rest).
RETRY: Mapping[int, tuple[Reason, bool]] = {
    14107: (Reason.THROTTLED, False),  # too many between two numbers
    20409: (Reason.TEMPORARY, False),  # conflict
    20422: (Reason.UNRECOGNISED, False),  # a parameter is not valid; Twilio does not say whose fault
    20429: (Reason.THROTTLED, True),  # too many requests
    20500: (Reason.TEMPORARY, True),  # internal error
    20503: (Reason.TEMPORARY, True),  # unavailable
    21611: (Reason.THROTTLED, True),  # this sender's queue is full
    21730: (Reason.TEMPORARY, True),  # maintenance
    30001: (Reason.THROTTLED, True),  # queue overflow
    30003: (Reason.TEMPORARY, False),  # handset off or away
    30008: (Reason.TEMPORARY, False),  # unknown error
    30009: (Reason.TEMPORARY, False),  # a segment is missing
    30017: (Reason.TEMPORARY, False),  # carrier congested
    30020: (Reason.TEMPORARY, False),  # failure within Twilio
    30021: (Reason.TEMPORARY, False),  # failure within Twilio
    30022: (Reason.THROTTLED, True),  # US A2P rate limit
    30023: (Reason.THROTTLED, True),  # US A2P daily cap
    30027: (Reason.THROTTLED, True),  # T-Mobile's daily limit
    30410: (Reason.TEMPORARY, False),  # a carrier did not answer in time
    30454: (Reason.THROTTLED, True),  # account above its limit of messages
    63009: (Reason.TEMPORARY, False),  # channel's 5xx
    63010: (Reason.TEMPORARY, False),  # failure within Twilio
    63011: (Reason.TEMPORARY, False),  # failure within Twilio
    63012: (Reason.TEMPORARY, False),  # channel's internal error
    63017: (Reason.THROTTLED, True),  # rate limit
    63018: (Reason.THROTTLED, True),  # channel's rate limit
    63023: (Reason.TEMPORARY, False),  # channel's generic error
    63037: (Reason.TEMPORARY, False),  # media upload failed
    63038: (Reason.THROTTLED, True),  # daily limit
}
# Nothing works until a person changes it: code → what to do.
ACCOUNT: Mapping[int, str] = {
    10001: "the account is not active",
    14102: "from= is not valid",
    14105: "the StatusCallback is not valid: CLARION_PUBLIC_URL must be a public https address",
    14108: "the sender cannot send SMS",
    20003: "SID or token are wrong, or the key lacks the right to send",
    20004: "the method is not allowed: is endpoint= right?",
    20005: "the account is not active",
    20006: "the key has no access to this account",
    20008: "these are test credentials, which send nothing",
    20010: "sending is disabled for the account",
    20107: "the token's signature is not valid",
    20151: "SID or token are wrong",
    20403: "the key may not do this",
    20404: "there is no such account: check the SID and endpoint=",
    20410: "the resource is gone: check messaging_service= and endpoint=",
    21210: "from= is not verified",
    21212: "from= is not valid",
    21267: "a trial account cannot send under a name: upgrade it, or use a number",
    21601: "from= cannot do SMS",
    21603: "neither from= nor messaging_service= was taken",
    21607: "a trial account sends from its sandbox number only",
    21609: "the StatusCallback is not valid: CLARION_PUBLIC_URL must be a public https address",
    21616: "from= matches several numbers",
    21621: "from= is not enabled for MMS",
    21622: "MMS is not enabled for the account",
    21626: "the StatusCallback's events are not valid",
    21627: "max_price= is not valid",
    21654: "a ContentSid is required by this sender",
    21657: "the sender name is not valid",
    21659: "from= is not a Twilio number",
    21660: "from= belongs to another account",
    21661: "from= cannot send SMS",
    21701: "there is no such messaging service",
    21702: "the messaging service is not available",
    21704: "the messaging service contains no numbers",
    21705: "the messaging service is not valid",
    21708: "the sender name is missing",
    21709: "the sender name is not authorised for the messaging service",
    21711: "the sender does not belong to the messaging service",
    21713: "the messaging service's use case is not valid",
    30002: "the account is suspended",
    30028: "the API version was not taken: check endpoint=",
    30029: "the content retention setting was not taken",
    30030: "the address retention setting was not taken",
    30031: "the rate setting was not taken",
    30037: "outbound messaging is disabled for the account",
    63001: "the channel refuses its credentials",
    63002: "the channel does not know from=",
    63007: "the channel does not know from=",
    63008: "the channel is misconfigured at Twilio",
    63020: "the WhatsApp business account is in error",
    63022: "the WhatsApp certificate is not valid",
    63051: "the WhatsApp business account is locked",
}


def shown(code: int) -> str:
    """The code with the page that explains it."""
    return f"Twilio {code}, see https://www.twilio.com/docs/api/errors/{code}"


def judge(code: int, response: Response) -> Outcome:
    """The outcome of an answer other than 2xx, by Twilio's `code` (0: it gave none). Raises Misconfigured."""
    detail = shown(code) if code else f"HTTP {response.status}"
    if response.status == 504:
        # a gateway gave up waiting for what may have been done; Twilio has no idempotency key to ask again under
        return Unclear(why=Reason.TIMEOUT, detail=detail)
    known = outcome_of(code)
    if isinstance(known, Retry) and known.after is None:
        return Retry(why=known.why, after=wait_asked(response), whole_account=known.whole_account, detail=detail)
    if known is not None:
        return known
    if response.status == 404:
        raise Misconfigured("twilio: there is no such account: check the SID and endpoint=")
    return by_status(response, detail=detail)


def outcome_of(code: int) -> Outcome | None:
    """What a code says of one message; None when it is not in the tables. Raises Misconfigured."""
    detail = shown(code)
    if code in REJECTED:
        reason, dead = REJECTED[code]
        return Rejected(why=reason, suppress=dead, detail=detail)
    if code in RETRY:
        reason, whole = RETRY[code]
        return Retry(why=reason, whole_account=whole, detail=detail)
    if code in ACCOUNT:
        raise Misconfigured(f"twilio: {ACCOUNT[code]} ({detail})")
    return None


def later(code: int) -> tuple[Kind, Reason]:
    """What became of a message that Twilio took and then gave up with this code (0: with none)."""
    if code == 21610:
        return Kind.UNSUBSCRIBED, Reason.POLICY_REFUSED
    if code in REJECTED:
        reason, dead = REJECTED[code]
        return (Kind.BOUNCED if dead else Kind.FAILED), reason
    if code == 30003:
        return Kind.SOFT_BOUNCED, Reason.ADDRESS_UNREACHABLE
    if code in RETRY:
        return Kind.FAILED, RETRY[code][0]
    return Kind.FAILED, Reason.MISCONFIGURED if code in ACCOUNT else Reason.UNRECOGNISED
