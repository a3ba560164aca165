"""What consent can be about, and where an answer came from. Pure; the tables are in models.py."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a person may agree to. A mailing list is a purpose of its own, `list:<key>` (`list_purpose`). SMS is what
    STOP and START are about: it is kept as history, the suppression list is what stops the messages."""

    MARKETING = "marketing"
    PROCESSING = "processing"
    SMS = "sms"


REQUIRABLE = frozenset({Purpose.MARKETING, Purpose.PROCESSING})
"""Those that CLARION_CONSENT may name."""


class Source(StrEnum):
    """Which door an answer, or a change of preferences, came through."""

    API = "api"
    STAFF = "staff"
    IMPORT = "import"
    PREFERENCES = "preferences"
    PREFERENCE_CENTRE = "preference_centre"
    UNSUBSCRIBE_PAGE = "unsubscribe_page"
    ONE_CLICK = "one_click"
    DOUBLE_OPT_IN = "double_opt_in"
    SMS_KEYWORD = "sms_keyword"
    COMPLAINT = "complaint"
    PROVIDER = "provider"
    DEMO = "demo"


def list_purpose(key: str) -> str:
    """The purpose of belonging to a mailing list."""
    return f"list:{key}"


def parse_required(text: str) -> frozenset[str]:
    """`marketing processing` or `none`; raises ValueError saying what to write."""
    names = text.split()
    if names == ["none"]:
        return frozenset()
    if not names or not set(names) <= REQUIRABLE:
        raise ValueError("write none, or one or more of marketing and processing with a blank between them")
    return frozenset(names)
