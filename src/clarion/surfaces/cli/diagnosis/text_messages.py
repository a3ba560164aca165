"""Whether text messages are kept from costing too much (docs/howto/sms-safety.md)."""

from django.conf import settings

from clarion.contract.channel import ChannelKey
from clarion.records.accounts import book
from clarion.records.sms_safety.policy import SmsPolicy
from clarion.surfaces.cli.diagnosis.finding import Finding, ok, warning

SUBJECT = "text messages"


def limits() -> list[Finding]:
    """Nothing, unless a real account carries SMS."""
    accounts = book.of_channel(ChannelKey.SMS)
    if all(account.url.scheme == book.STAND_IN for account in accounts):
        return []
    policy: SmsPolicy = settings.SMS_POLICY
    open_ends = []
    if "" not in policy.countries:
        open_ends.append(("they may go to every country", "CLARION_SMS_COUNTRIES"))
    if not policy.cap.is_set:
        open_ends.append(("there is no cap on what a day may cost", "CLARION_SMS_DAILY_CAP"))
    if not open_ends:
        return [ok(SUBJECT, "countries and the day's cost are limited")]
    text = ", and ".join(what for what, _ in open_ends)
    names = " and ".join(name for _, name in open_ends)
    return [warning(SUBJECT, text, f"set {names}, or whoever finds a form that sends codes spends your money")]
