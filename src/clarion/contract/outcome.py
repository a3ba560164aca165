"""What a provider says of one message. The provider classifies; only the engine decides when to retry."""

from dataclasses import dataclass
from datetime import timedelta

from clarion.contract.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The provider took responsibility for the message. `remote_id` is its own name for it, if it gave one. `segments`
    and `price` (with currency: `0.0075 USD`) are what a text message came to, where the provider says so at once."""

    remote_id: str = ""
    detail: str = ""
    segments: int | None = None
    price: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not taken, but may be later. `after` is the provider's own wish (Retry-After); `whole_account` says that
    the account as a whole is throttled or unwell, not just this message. `untried`: the provider gave it back without
    asking anybody, so it waits for `after` and uses up no attempt."""

    why: Reason
    after: timedelta | None = None
    whole_account: bool = False
    untried: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Never to be taken. `suppress` says that the address itself is dead and must not be tried again."""

    why: Reason
    suppress: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """It may or may not have been taken: a timeout or a reset after the message had been handed over."""

    why: Reason
    detail: str = ""


Outcome = Sent | Retry | Rejected | Unclear
