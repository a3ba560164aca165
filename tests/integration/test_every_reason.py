"""Every reason that the system can give: which test reaches it on the way that gives it, and those that no other suite
reaches. A new reason without a test fails here."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Kind
from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.records import clock
from clarion.records.ledger.models import Decision, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.records.templating.models import TemplateContent
from clarion.testing.scripted import ScriptedProvider
from clarion.testing.scripted_feedback import ScriptedVendor
from tests.conftest import Api, agree_to_marketing
from tests.integration.callbacks import about, report

Drain = Callable[[], int]
TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "clarion"

REACHED: dict[Reason, str] = {
    # the provider, about one message: its answer on the wire, or what a simulator of the vendor answers
    Reason.INVALID_ADDRESS: "integration/test_sms_failover.py::test_a_number_that_twilio_refuses_is_not_tried_at_beem",
    Reason.ADDRESS_UNREACHABLE: "integration/test_delivery.py::test_a_permanent_refusal_is_a_dead_letter_at_once",
    Reason.MAILBOX_FULL: "unit/test_provider_smtp.py::test_a_reply_has_one_meaning",
    Reason.CONTENT_REFUSED: "integration/test_suppression.py::test_a_refusal_of_the_message_suppresses_nobody",
    Reason.TOO_LARGE: "unit/test_provider_webhook.py::test_an_answer_has_one_meaning",
    Reason.POLICY_REFUSED: "unit/test_provider_webhook.py::test_an_answer_has_one_meaning",
    Reason.DEVICE_GONE: "integration/test_push_end_to_end.py::"
    "test_one_notification_reaches_every_device_over_its_own_vendor",
    Reason.ENDPOINT_GONE: "unit/test_provider_webhook.py::test_an_answer_has_one_meaning",
    Reason.FORBIDDEN_TARGET: "unit/test_provider_webhook.py::test_a_private_target_is_rejected_and_hears_nothing",
    Reason.REDIRECT_REFUSED: "unit/test_provider_webhook.py::test_an_answer_has_one_meaning",
    Reason.THROTTLED: "integration/test_delivery.py::test_a_provider_that_asks_to_wait_is_not_called_earlier",
    Reason.TEMPORARY: "unit/test_provider_webhook.py::test_an_answer_has_one_meaning",
    Reason.UNRECOGNISED: "unit/test_provider_twilio.py::test_a_code_that_is_not_in_the_tables_is_tried_again",
    Reason.TIMEOUT: "unit/test_provider_webhook.py::test_an_answer_has_one_meaning",
    Reason.CONNECTION_LOST: "integration/test_delivery.py::test_a_break_half_way_leaves_only_the_untold_unclear",
    # the provider, about the account
    Reason.UNREACHABLE: "integration/test_delivery_limits.py::"
    "test_a_failed_probe_costs_one_message_an_attempt_and_the_rest_nothing",
    Reason.MISCONFIGURED: "unit/test_provider_twilio.py::test_every_fault_of_the_account_blames_nobody",
    Reason.PROVIDER_ERROR: "integration/test_delivery.py::"
    "test_a_bug_in_a_provider_leaves_work_unclear_and_the_worker_alive",
    Reason.NO_PROVIDER: "integration/test_api_inbox_and_operations.py::"
    "test_what_has_no_account_but_a_paused_one_waits_and_does_not_fail",
    Reason.KIND_NOT_CARRIED: "integration/test_push_devices.py::"
    "test_a_person_with_nothing_but_such_devices_has_a_dead_letter_at_once",
    # the engine
    Reason.NO_ADDRESS: "integration/test_api_inbox_and_operations.py::"
    "test_dead_letters_are_listed_and_replayed_one_by_one",
    Reason.NO_SUBSCRIBER: "integration/test_endpoints.py::"
    "test_an_event_that_no_endpoint_asked_for_is_suppressed_with_its_reason",
    Reason.RENDER_FAILED: "integration/test_delivery.py::test_a_template_that_fails_fails_alone",
    Reason.CONTENT_INVALID: "integration/test_template_sending.py::test_a_value_that_is_no_header_or_link_fails_alone",
    Reason.TEMPLATE_MISSING_CONTENT: "integration/test_every_reason.py::"
    "test_a_version_that_lost_its_content_fails_with_its_reason",
    Reason.WORKER_LOST: "integration/test_unclear.py::test_a_crash_after_the_hand_over_holds",
    Reason.UNCLEAR: "integration/test_delivery.py::test_an_unclear_outcome_is_recorded_and_sent_again",
    Reason.RATE_LIMITED: "integration/test_delivery_limits.py::"
    "test_a_person_gets_so_many_on_a_channel_and_the_rest_waits_in_line",
    Reason.ACCOUNTS_RESTING: "integration/test_delivery_limits.py::"
    "test_a_failed_probe_costs_one_message_an_attempt_and_the_rest_nothing",
    Reason.RETRIES_EXHAUSTED: "integration/test_dead_letters.py::test_after_the_deadline_there_is_no_further_attempt",
    Reason.UNDECRYPTABLE: "integration/test_one_bad_row.py::test_an_address_that_cannot_be_opened_fails_alone",
    Reason.INTERNAL_ERROR: "integration/test_one_bad_row.py::test_a_bug_in_a_step_costs_one_notification",
    Reason.EXPIRED: "integration/test_delivery.py::test_what_expired_while_it_waited_is_not_sent",
    Reason.CANCELLED: "integration/test_api_sends.py::test_what_waits_can_be_cancelled_once",
    Reason.SUPERSEDED: "integration/test_fallback.py::test_what_still_waits_is_stopped_before_the_next_goes",
    Reason.GROUPED: "integration/test_group_exceptions.py::"
    "test_what_expired_before_its_group_went_out_is_not_told_of_and_ends_as_expired",
    Reason.USER_GONE: "integration/test_every_reason.py::"
    "test_who_is_out_of_use_gets_nothing_of_what_was_accepted_before",
    # the suppression list
    Reason.HARD_BOUNCED: "integration/test_hooks_vendors.py::test_sendgrid_bounces_and_the_next_mail_says_so",
    Reason.SOFT_BOUNCED: "integration/test_suppression.py::test_soft_bounces_suppress_for_a_while_when_there_are_three",
    Reason.COMPLAINED: "integration/test_suppression.py::test_a_complaint_stops_marketing_alone",
    Reason.UNSUBSCRIBED: "integration/test_every_reason.py::"
    "test_who_unsubscribed_at_the_provider_gets_no_marketing_and_the_rest",
    Reason.STOPPED: "integration/test_suppression.py::test_who_answers_stop_gets_no_text_until_start",
    Reason.BLOCKED: "integration/test_suppression.py::test_it_stops_even_critical_essential_and_bypassing_sends",
    Reason.REPUTATION_PAUSED: "integration/test_reputation.py::test_with_no_other_account_it_waits_and_says_why",
    # the gate
    **dict.fromkeys(
        (Reason.GLOBAL_OFF, Reason.MARKETING_OFF, Reason.CHANNEL_OFF, Reason.CATEGORY_OFF),
        "integration/test_api_preferences.py::test_what_is_switched_off_is_answered_403_with_the_decision_on_record",
    ),
    Reason.TEMPLATE_OFF: "integration/test_preferences_stored.py::test_a_template_is_switched_off_by_its_path",
    Reason.NO_CONSENT: "integration/test_every_reason.py::test_marketing_without_consent_is_suppressed_with_its_reason",
    Reason.RECIPIENT_ONLINE: "integration/test_push_when_online.py::test_no_push_goes_to_people_who_are_online",
    Reason.FREQUENCY_CAPPED: "integration/test_frequency_caps.py::test_a_person_sets_a_limit_of_their_own",
    Reason.QUIET_HOURS: "integration/test_quiet_hours.py::test_what_comes_in_quiet_hours_is_scheduled_for_their_end",
    Reason.DIGESTED: "integration/test_crash_points.py::test_a_death_while_a_group_is_closed_makes_one_group",
    Reason.DIGEST_NEVER: "integration/test_digests.py::test_never_means_that_the_inbox_alone_keeps_it",
    Reason.SMS_COUNTRY: "integration/test_sms_safety.py::test_one_refused_number_holds_up_no_other_of_its_batch",
    Reason.SMS_NUMBER_TYPE: "integration/test_sms_safety.py::"
    "test_a_landline_found_before_sending_ends_suppressed_and_nothing_is_handed_over",
    Reason.SMS_VELOCITY: "integration/test_sms_safety.py::"
    "test_of_many_numbers_in_one_range_only_the_limit_goes_and_the_rest_waits",
    Reason.SMS_SPEND_CAP: "integration/test_sms_safety.py::test_the_cap_holds_what_does_not_fit_until_the_next_day",
    Reason.DUPLICATE: "integration/test_deduplication.py::test_a_repeat_is_suppressed_and_names_the_first",
    Reason.MISFIRED: "integration/test_scheduling.py::test_what_is_found_late_is_skipped_where_its_category_says_so",
}


@cache
def _statements(file: str) -> dict[str, str]:
    """The sources of a module's functions (with what decorates them) and tables, by name."""
    source = (TESTS / file).read_text("utf-8")
    lines = source.splitlines()
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            begins = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found[node.name] = "\n".join(lines[begins - 1 : node.end_lineno])
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            found |= {target.id: text for target in targets if isinstance(target, ast.Name)}
    return found


def _told(file: str, name: str) -> Iterator[str]:
    """What the test says, and the tables and functions of its module that it uses."""
    statements = _statements(file)
    used = set(re.findall(r"\w+", statements[name]))
    yield statements[name]
    yield from (text for each, text in statements.items() if each in used and each != name)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_reached_by_a_test_and_has_a_sentence(reason: Reason) -> None:
    assert reason in REACHED, f"write a test that makes the system give {reason}, and name it in REACHED"
    file, _, name = REACHED[reason].partition("::")
    assert name.startswith("test_"), name
    assert name in _statements(file), f"{REACHED[reason]} is not there any more: name the test that took its place"
    named = re.compile(rf"Reason\.{reason.name}\b|\b{reason}\b")
    assert any(named.search(text) for text in _told(file, name)), f"{REACHED[reason]} does not name {reason}"
    assert REASONS[reason].endswith(".")


@pytest.mark.parametrize("reason", list(Reason))
def test_no_reason_is_kept_that_nothing_gives(reason: Reason) -> None:
    named = re.compile(rf"Reason\.{reason.name}\b")
    sources = (path for path in SOURCE.rglob("*.py") if path.parent != SOURCE / "contract")
    assert any(named.search(path.read_text("utf-8")) for path in sources)


def _send(api: Api, user: User, **given: Any) -> Any:
    body = {"subject": "Hello", "body": "Text", "channel": "email", "user_id": str(user.id), **given}
    return api.post("notifications/send", body)


def _reasons(identifier: str) -> list[tuple[str, str, str]]:
    rows = Decision.objects.filter(notification_id=identifier).order_by("id")
    return [(row.stage, row.outcome, row.reason) for row in rows]


def test_who_is_out_of_use_gets_nothing_of_what_was_accepted_before(
    as_service: Api, ann: User, drain: Drain, carried_by: Any
) -> None:
    provider = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, provider)
    identifier = _send(as_service, ann).json()["id"]
    User.objects.filter(pk=ann.pk).update(is_active=False)
    drain()
    row = Notification.objects.get(pk=identifier)
    assert (row.status, row.reason) == ("failed", Reason.USER_GONE)
    assert _reasons(identifier)[-1] == ("gate", "failed", "user_gone")
    assert provider.given == []
    assert not QueueEntry.objects.exists()


def test_a_version_that_lost_its_content_fails_with_its_reason(
    as_service: Api, ann: User, drain: Drain, carried_by: Any
) -> None:
    provider = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, provider)
    content = {"email": {"default": {"subject": "s", "text": "t"}}}
    made = as_service.post("templates", {"path": "lost", "name": "Lost", "category": "general", "content": content})
    assert made.status_code == 201, made.content
    identifier = _send(as_service, ann, subject=None, body=None, template_path="lost").json()["id"]
    TemplateContent.objects.all().delete()  # as after a backup that was put back in part
    drain()
    row = Notification.objects.get(pk=identifier)
    assert (row.status, row.reason) == ("failed", Reason.TEMPLATE_MISSING_CONTENT)
    detail = Decision.objects.filter(notification_id=identifier).order_by("id").values_list("detail", flat=True)
    assert list(detail)[-1] == "the template version has no content for email"
    assert provider.given == []


def test_who_unsubscribed_at_the_provider_gets_no_marketing_and_the_rest(
    as_service: Api, ann: User, drain: Drain, carried_by: Any
) -> None:
    vendor = ScriptedVendor()
    carried_by(ChannelKey.EMAIL, vendor)
    agree_to_marketing(ann)
    first = Notification.objects.get(pk=_send(as_service, ann).json()["id"])
    drain()
    report(vendor, about(first, Kind.UNSUBSCRIBED, address="ann@example.com"))
    answer = _send(as_service, ann, category="marketing")
    assert answer.status_code == 403, answer.content
    (identifier,) = answer.json()["notifications"]
    assert _reasons(identifier) == [("ingest", "suppress", Reason.UNSUBSCRIBED)]
    assert _send(as_service, ann, category="orders").json()["status"] == "pending"


def test_marketing_without_consent_is_suppressed_with_its_reason(as_service: Api, ann: User) -> None:
    before = clock.now()
    answer = _send(as_service, ann, category="marketing")
    assert answer.status_code == 403, answer.content
    (identifier,) = answer.json()["notifications"]
    assert _reasons(identifier) == [("ingest", "suppress", Reason.NO_CONSENT)]
    assert not QueueEntry.objects.filter(due_at__gte=before).exists()
