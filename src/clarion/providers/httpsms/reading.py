"""How a gateway's answers and reports are read: where the id stands, what says success, what its codes mean. Pure.

A path goes into a JSON value by names and places, parted by dots: `messages.0.status`. A body that is not JSON is read
as `{"text": <the body>}`, so that `ok=text:OK*` reads plain answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from clarion.contract.faults import Misconfigured
from clarion.contract.feedback import Kind
from clarion.contract.reasons import Reason

# What a gateway's codes may be said to mean (`codes=`).
MEANINGS = ("address", "dead", "content", "policy", "throttled", "retry", "account")
REASONS: Mapping[str, Reason] = {
    "address": Reason.INVALID_ADDRESS,
    "dead": Reason.ADDRESS_UNREACHABLE,
    "content": Reason.CONTENT_REFUSED,
    "policy": Reason.POLICY_REFUSED,
    "throttled": Reason.THROTTLED,
    "retry": Reason.TEMPORARY,
}
IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A value that must stand at a path: one of `values`; with a star at its end, one that begins so."""

    path: str
    values: tuple[str, ...]

    def holds(self, told: object) -> bool:
        found = at(told, self.path)
        return any(found.startswith(v[:-1]) if v.endswith("*") else found == v for v in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Where the fields of a report stand, and what its statuses mean (None: ignored)."""

    id: str = ""
    ref: str = ""
    event: str = ""
    status: str = ""
    to: str = ""
    statuses: Mapping[str, Kind | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`ok` None: any 2xx is success. `codes` by the value at `error`, and by `http422` for a status."""

    ok: Condition | None
    id: str
    error: str
    codes: Mapping[str, str]
    reports: Reports


def parse_reading(options: Mapping[str, str]) -> Reading:
    """The reading that an account's options describe. Raises Misconfigured saying what to write."""
    return Reading(
        ok=_condition(options.get("ok", "")),
        id=options.get("id", ""),
        error=options.get("error", ""),
        codes=_codes(options.get("codes", "")),
        reports=Reports(
            id=options.get("callback_id", ""),
            ref=options.get("callback_ref", ""),
            event=options.get("callback_event", ""),
            status=options.get("callback_status", ""),
            to=options.get("callback_to", ""),
            statuses=_statuses(options.get("callback_statuses", "")),
        ),
    )


def decoded(body: bytes) -> object:
    """A body as JSON, else as `{"text": …}`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return {"text": body.decode("utf-8", "replace").strip()}


def at(told: object, path: str) -> str:
    """The value at a path as text; empty where there is none."""
    for step in path.split(".") if path else ():
        if isinstance(told, dict):
            told = told.get(step)
        elif isinstance(told, list) and step.isascii() and step.isdigit() and int(step) < len(told):
            told = told[int(step)]
        else:
            return ""
    if isinstance(told, bool):
        return "true" if told else "false"
    return str(told) if isinstance(told, str | int | float) and path else ""


def _condition(text: str) -> Condition | None:
    path, colon, values = text.partition(":")
    if not text:
        return None
    if not (path and colon and values):
        raise Misconfigured("httpsms: ok= is written path:value,value, such as status:queued,sent")
    return Condition(path=path, values=tuple(values.split(",")))


def _codes(text: str) -> dict[str, str]:
    found = _pairs(text, "codes=", "13:address,14:throttled,http402:account")
    wrong = sorted(set(found.values()) - set(MEANINGS))
    if wrong:
        raise Misconfigured(f"httpsms: codes= knows no {wrong[0]}; there are {', '.join(MEANINGS)}")
    return found


def _statuses(text: str) -> dict[str, Kind | None]:
    found = _pairs(text, "callback_statuses=", "DELIVRD:delivered,UNDELIV:failed,ACCEPTD:ignored")
    wrong = sorted(set(found.values()) - {*Kind, IGNORED})
    if wrong:
        raise Misconfigured(f"httpsms: callback_statuses= knows no {wrong[0]}; there are {', '.join(Kind)}, {IGNORED}")
    return {status.lower(): None if kind == IGNORED else Kind(kind) for status, kind in found.items()}


def _pairs(text: str, option: str, example: str) -> dict[str, str]:
    pairs = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    if any(not (name and colon and value) for name, colon, value in pairs):
        raise Misconfigured(f"httpsms: {option} is written code:meaning, such as {example}")
    return {name.strip(): value.strip() for name, _, value in pairs}
