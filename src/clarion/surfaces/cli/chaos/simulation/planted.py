"""Faults on purpose in the simulated engine, each of which some schedule must betray: the proof that the checks see."""

from enum import StrEnum


class Planted(StrEnum):
    """NO_FENCE: a late worker settles what others hold. GONE_AT_CLAIM: a claim takes the entry out (as an early
    acknowledgement does). NO_MARK: what is to be held is not marked before the provider is called. NO_LEASE_CHECK: a
    worker that slept begins what is not its own any more. CANCEL_ANYWAY: cancelling does not look at the lease.
    NO_RETRY_AFTER: the provider's wish is ignored. ANY_MOVE: states are written without the table of moves.
    OLDEST_FIRST: a claim looks at age alone. FREE_TOKENS: tokens that come back are counted more than once.
    FORGIVING: a worker that was not seen for a while, and is seen again, goes on with what others have got since.
    LEASE_KEPT: rescheduling leaves the lease of a worker that sleeps, which gives the entry back when it wakes."""

    NO_FENCE = "no_fence"
    GONE_AT_CLAIM = "gone_at_claim"
    NO_MARK = "no_mark"
    NO_LEASE_CHECK = "no_lease_check"
    CANCEL_ANYWAY = "cancel_anyway"
    NO_RETRY_AFTER = "no_retry_after"
    ANY_MOVE = "any_move"
    OLDEST_FIRST = "oldest_first"
    FREE_TOKENS = "free_tokens"
    FORGIVING = "forgiving"
    LEASE_KEPT = "lease_kept"
