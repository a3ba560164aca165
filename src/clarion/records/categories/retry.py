"""A category's own patience: what of the channel's retry policy it overrides. The policies themselves, and the waits
made from them, are the delivery flow's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clarion.contract.input_error import InputError

MOST_ATTEMPTS = 50
LONGEST_WAIT_SECONDS = 7 * 86_400
LONGEST_DEADLINE_SECONDS = 30 * 86_400
# name → lowest and highest value
BOUNDS: Mapping[str, tuple[float, float]] = {
    "base_seconds": (0.1, 86_400),
    "factor": (1, 10),
    "cap_seconds": (0.1, LONGEST_WAIT_SECONDS),
    "attempts": (1, MOST_ATTEMPTS),
    "deadline_seconds": (1, LONGEST_DEADLINE_SECONDS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """Seconds and counts; None leaves the channel's own."""

    base_seconds: float | None = None
    factor: float | None = None
    cap_seconds: float | None = None
    attempts: int | None = None
    deadline_seconds: float | None = None


CHANNELS_OWN = RetryRule()


def checked_retry(given: Mapping[str, Any], pointer: str = "/retry") -> dict[str, Any]:
    """What is set of a rule, within its bounds and in itself consistent; raises InputError."""
    kept = {name: value for name, value in given.items() if value is not None}
    for name, value in kept.items():
        lowest, highest = BOUNDS[name]
        if not lowest <= value <= highest:
            message = f"{name} may be {lowest:g} to {highest:g}"
            raise InputError("out_of_bounds", message, pointer=f"{pointer}/{name}")
    if kept.get("cap_seconds", float("inf")) < kept.get("base_seconds", 0):
        raise InputError(
            "cap_below_base", "cap_seconds may not be less than base_seconds", pointer=f"{pointer}/cap_seconds"
        )
    return kept


def rule_of(stored: Mapping[str, Any]) -> RetryRule:
    """The stored form as a value."""
    return RetryRule(**{name: stored[name] for name in BOUNDS if name in stored}) if stored else CHANNELS_OWN
