"""What sending tells an account's breaker."""

from datetime import timedelta

import pytest

from clarion.contract.faults import Interrupted, Misconfigured, ProviderFault, Unreachable
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.flows.delivery.breaking import Verdict, verdict

SENT, REFUSED = Sent(), Rejected(why=Reason.ADDRESS_UNREACHABLE)
LATER = Retry(why=Reason.TEMPORARY)
THROTTLED = Retry(why=Reason.THROTTLED, whole_account=True)
UNCLEAR = Unclear(why=Reason.TIMEOUT)


@pytest.mark.parametrize(
    ("outcomes", "fault", "expected"),
    [
        ([SENT, SENT], None, Verdict(well=True, worked=True)),
        ([REFUSED], None, Verdict(well=True, worked=True)),
        ([LATER], None, Verdict(well=True, worked=True)),
        ([UNCLEAR, SENT], None, Verdict(well=True, worked=True)),
        ([UNCLEAR, UNCLEAR], None, Verdict(well=None)),
        ([], None, Verdict(well=None)),
        ([], Misconfigured("535"), Verdict(well=None)),
        ([], Unreachable("no route"), Verdict(well=False)),
        ([], Unreachable("no route", after=timedelta(seconds=7)), Verdict(well=False, rest=7.0)),
        ([SENT, UNCLEAR], Interrupted("reset"), Verdict(well=False, worked=True)),
        ([SENT, THROTTLED, THROTTLED], None, Verdict(well=False, worked=True, failures=2)),
        ([THROTTLED, SENT], None, Verdict(well=False, worked=True, failures=1)),
        ([THROTTLED, SENT, LATER], None, Verdict(well=False, worked=True, failures=1)),
    ],
)
def test_only_what_the_account_is_to_blame_for_counts(
    outcomes: list[Outcome], fault: ProviderFault | None, expected: Verdict
) -> None:
    assert verdict(outcomes, fault, one_call=False) == expected


def test_a_single_call_fails_once_however_many_messages_it_carried() -> None:
    assert verdict([THROTTLED] * 100, None, one_call=True) == Verdict(well=False, failures=1)
    assert verdict([THROTTLED] * 100, None, one_call=False) == Verdict(well=False, failures=100)


def test_the_longest_rest_asked_for_counts() -> None:
    asked = [Retry(why=Reason.THROTTLED, whole_account=True, after=timedelta(seconds=n)) for n in (3, 30, 5)]
    assert verdict(asked, None, one_call=False).rest == 30.0
