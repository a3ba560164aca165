"""What rules, outcomes and inputs are called on the pages about why something was sent. The sentences themselves are
the API's (surfaces/api/explain.py)."""

from collections.abc import Mapping

RULES = {
    "suppression": ("Suppression list", "Addresses that bounced, complained, answered STOP or were blocked by staff."),
    "expiry": ("Expiry", "Whether it is still worth sending."),
    "consent": ("Consent", "What the law asks for, before any wish."),
    "overrides": ("Overrides", "A caller with the permission, and essential categories, pass all that follows."),
    "global": ("All notifications", "The switch over everything; critical and high priority pass."),
    "marketing": ("Marketing", "The switch over marketing."),
    "channel": ("Channel", "The switch of this channel; critical priority passes."),
    "category": ("Category", "The switches of this category; critical priority passes."),
    "template": ("Kind of message", "The switch of this template; critical priority passes."),
    "caps": ("Frequency caps", "How many in a day and in a week; critical priority passes."),
    "quiet": ("Quiet hours", "The time where the person is; critical and high priority pass."),
    "digest": ("Digest", "Whether it waits to be told of with others."),
    "preferences": ("Preferences", ""),
    "bypass": ("Preferences passed over", ""),
    "essential": ("Essential category", ""),
    "fallback": ("Chain of channels", ""),
    "group": ("Grouping of bursts", ""),
    "report": ("Report of the provider", ""),
    "breaker": ("Resting accounts", ""),
    "reputation": ("Reputation guard", ""),
    "api": ("Call", ""),
}
STAGES = {
    "ingest": "when it was taken in",
    "gate": "just before sending",
    "limits": "at the limits",
    "send": "while sending",
    "settle": "after an attempt",
    "feedback": "reported by the provider",
    "fallback": "in its chain of channels",
    "api": "by a call",
    "attempt": "handed to a provider",
}
_GOOD = frozenset({"allow", "passed", "sent", "delivered", "opened", "clicked", "read", "release"})
_BAD = frozenset(
    {
        "suppress",
        "suppressed",
        "expire",
        "expired",
        "failed",
        "rejected",
        "cancelled",
        "bounced",
        "complained",
        "unsubscribed",
        "discarded",
        "exhausted",
    }
)
_QUIET = frozenset({"not_asked"})


def rule_title(rule: str) -> str:
    """A rule's name for people."""
    if rule.startswith("attempt "):
        return f"After {rule}"
    known = RULES.get(rule)
    return known[0] if known else rule.replace("_", " ").capitalize()


def rule_says(rule: str) -> str:
    """What it is about; empty for what needs no words."""
    return RULES.get(rule, ("", ""))[1]


def tone(outcome: str) -> str:
    """The look of an outcome or a state: good, bad, warn (it waits, or is not decided), or none."""
    if outcome in _GOOD:
        return "good"
    if outcome in _BAD:
        return "bad"
    return "" if outcome in _QUIET else "warn"


def plain(name: str) -> str:
    """A code as words: `used_this_week` → `used this week`."""
    return name.replace("_", " ")


def shown(value: object) -> str:
    """An input of a rule as words."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(str(name))}: {shown(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return "; ".join(shown(each) for each in value) or "none"
    return str(value)
