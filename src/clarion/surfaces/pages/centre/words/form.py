"""What a language of the preference centre must have. `{…}` are filled in by the page."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreWords:
    """All texts in one language; a field that is missing is an error of types. The mappings have the same keys in every
    language (a test compares them)."""

    title: str
    for_whom: str
    intro: str
    skip: str
    language: str
    contents: str
    save: str
    save_hint: str
    # what came of it
    saved: str
    nothing_changed: str
    stopped_marketing: str
    stopped_all: str
    faults: str
    stale: str
    incomplete: str
    # in general
    general: str
    all_on: str
    all_on_help: str
    marketing: str
    marketing_help: str
    marketing_consent: str
    processing: str
    processing_help: str
    # channels
    channels: str
    channels_help: str
    unreachable: str
    channel: Mapping[str, str]
    channel_help: Mapping[str, str]
    no_address: Mapping[str, str]
    listed: Mapping[str, str]
    # categories
    categories: str
    categories_help: str
    always_on: str
    always_on_why: str
    is_marketing: str
    off_above: str
    marketing_off: str
    all_off: str
    how_often: str
    as_above: str
    pages: str
    page: str
    pages_help: str
    # time
    quiet: str
    quiet_help: str
    quiet_on: str
    begin: str
    end: str
    end_help: str
    days: str
    days_help: str
    day_choice: Mapping[str, str]
    zone: str
    zone_help: str
    clock_now: str
    # how often
    digest: str
    digest_help: str
    frequency: Mapping[str, str]
    digest_at: str
    digest_weekday: str
    most_a_day: str
    most_a_day_help: str
    own_language: str
    own_language_help: str
    # what comes
    coming: str
    coming_short: str
    coming_help: str
    coming_nothing: str
    coming_more: str
    quiet_now: str
    comes: str
    held: str
    in_digest: str
    not_coming: str
    expires: str
    digest_coming: Mapping[str, str]
    digest_counts: str
    digest_counts_one: str
    withheld: str
    withheld_help: str
    withheld_why: Mapping[str, str]
    why_not: Mapping[str, str]
    # stopping
    stop: str
    stop_help: str
    stop_marketing: str
    stop_all: str
    stop_all_help: str
    # faults
    errors: Mapping[str, str]
    # links that do not open it
    bad_title: str
    bad: str
    old: str
    signed_out: str
    questions: str
