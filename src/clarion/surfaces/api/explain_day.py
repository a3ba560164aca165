"""Why somebody got what they got on one day, and why not the rest: each notification of the day with its decisions."""

import datetime as dt
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import QuerySet

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.ids import first_id_of
from clarion.records.ledger.models import Notification
from clarion.records.local_time import local_to_instant
from clarion.records.people.models import User
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.explain import Step, steps_of
from clarion.surfaces.api.fates import Summary, summaries
from clarion.surfaces.api.fields import Text
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import FieldProblem, Refusal
from clarion.surfaces.api.users import find_user

FIRST_YEAR, LAST_YEAR = 2000, 2999
_NO_DAY = f"give a day of the years {FIRST_YEAR} to {LAST_YEAR}"


class DayQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`date`: a day of the person's own calendar (`2026-11-20`); absent: their today."""

    date: dt.date | None = None
    channel: ChannelKey | None = None
    category: Text = ""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A notification, the last word on it, and what was decided on the way."""

    notification: Summary
    says: str
    steps: list[Step]


class DayPage(Page[Explained], frozen=True, kw_only=True):
    """A page of the day, newest first. `timezone`: the person's, by which the day is meant."""

    timezone: str


class DayView(Endpoint):
    tag = "notifications"

    @operation(permission=Open.SIGNED_IN, query=DayQuery, answers={200: DayPage}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """Explain a person's day: everything that was taken in for them, whatever became of it.

        A person asks about themselves; staff about anybody.
        """
        if user_id != call.caller.user_id and not call.caller.may(Permission.STAFF):
            raise Refusal(404, "user_not_found", "there is no user with this id")
        person = find_user(user_id)
        query: DayQuery = call.query
        rows = day_rows(person, query.date or today_of(person), query.channel, query.category)
        found, following, preceding = page_of(call.request, rows, query)
        page = DayPage(results=explained(found), next=following, previous=preceding, timezone=person.timezone)
        return Answer(value=page)


def today_of(person: User) -> dt.date:
    """The date on the person's own calendar."""
    return clock.now().astimezone(ZoneInfo(person.timezone)).date()


def day_rows(person: User, day: dt.date, channel: str | None, category: str) -> QuerySet[Notification]:
    """What was taken in for the person on this day of theirs; raises Refusal for a category that is not there."""
    rows = Notification.objects.filter(user_id=person.id, **_within(day, ZoneInfo(person.timezone)))
    if channel is not None:
        rows = rows.filter(channel=channel)
    return rows.filter(category_id=_category(category)) if category else rows


def explained(rows: Sequence[Notification]) -> list[Explained]:
    """Rows with the last word on each and its decisions; a few queries for any number."""
    steps = steps_of([row.id for row in rows])
    return [Explained(notification=each, says=_says(each), steps=steps[each.id]) for each in summaries(rows)]


def _within(day: dt.date, zone: ZoneInfo) -> dict[str, object]:
    """The day as bounds of ids, which hold the moment; so only the partitions of that week are read."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        field = FieldProblem(pointer="/query/date", code="out_of_bounds", message=_NO_DAY)
        raise Refusal(422, "invalid_input", _NO_DAY, errors=[field])
    begins = local_to_instant(datetime.combine(day, time()), zone)
    ends = local_to_instant(datetime.combine(day + timedelta(days=1), time()), zone)
    return {"id__gte": first_id_of(begins), "id__lt": first_id_of(ends)}


def _category(key: str) -> int:
    found = catalog.find(key)
    if found is None:
        field = FieldProblem(pointer="/query/category", code="category_not_found", message="no such category")
        raise Refusal(422, "category_not_found", "there is no such category; see GET /categories", errors=[field])
    return found.id


def _says(row: Summary) -> str:
    why = f" {REASONS[Reason(row.reason)]}" if row.reason in set(Reason) else ""
    return f"It is {row.status}.{why}"
