"""Categories: what notifications are about, and how patient and how strict the engine is with them."""

from typing import Annotated, Any, Literal

import msgspec
from django.db import IntegrityError, transaction
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.grouping import VARIABLES
from clarion.records.categories.models import Category
from clarion.records.categories.retry import checked_retry
from clarion.records.templating.catalog import catalog as templates
from clarion.surfaces.api.chains import FallbackOut, OwnChain, shown_chain, stored_chain
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import CategoryKey, Channels, Name, Path, RateText
from clarion.surfaces.api.problems import FieldProblem, Refusal

KindName = Literal["transactional", "marketing"]
PriorityNumber = Annotated[int, Meta(ge=1, le=4)]
MisfireName = Literal["send", "skip"]
UnclearName = Literal["", "resend", "hold"]
GroupAbove = Annotated[int, Meta(ge=0, le=1_000)]
GroupWindow = Annotated[int, Meta(ge=60, le=86_400)]
Days30 = Annotated[int, Meta(ge=0, le=30 * 86_400)]
QuietPolicyName = Literal["hold", "drop", "through"]
CapNumber = Annotated[int, Meta(ge=0, le=10_000)]
ChannelDefaults = Annotated[dict[ChannelKey, bool], Meta(max_length=7)]
Description = Annotated[str, Meta(max_length=300)]
LARGEST_ID = 2_147_483_647


class Retry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What differs from the channel's retry policy; an absent or null field leaves the channel's own. Waits are
    `base_seconds × factor^(attempt − 1)`, at most `cap_seconds`, ±25 %; after `attempts` attempts, or when the next one
    would come later than `deadline_seconds` after the notification was due, it is a dead letter."""

    base_seconds: Annotated[float, Meta(ge=0.1, le=86_400)] | None = None
    factor: Annotated[float, Meta(ge=1, le=10)] | None = None
    cap_seconds: Annotated[float, Meta(ge=0.1, le=604_800)] | None = None
    attempts: Annotated[int, Meta(ge=1, le=50)] | None = None
    deadline_seconds: Annotated[float, Meta(ge=1, le=2_592_000)] | None = None


class CategoryOut(msgspec.Struct, frozen=True, kw_only=True):
    """A category. Windows and misfire are as in CategoryIn."""

    id: int
    key: str
    name: str
    description: str
    kind: str
    essential: bool
    default_priority: int
    default_channels: list[str]
    dedup_window_seconds: int
    misfire: str
    misfire_after_seconds: int
    retry: Retry
    user_limit: str
    rate: str
    unclear: str
    fallback: FallbackOut | None
    group_above: int
    group_window_seconds: int
    group_channels: list[str]
    group_template: str
    default_enabled: bool
    channel_defaults: dict[str, bool]
    quiet_policy: str
    digestible: bool
    digest_template: str
    cap_per_day: int
    cap_per_week: int
    skip_push_when_online: bool


class CategoryIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A category to make. `description` tells people in plain words what comes, in the preference centre.
    A repeat of user, reference and channel within `dedup_window_seconds` is suppressed; 0 means never. What was
    scheduled and is found more than `misfire_after_seconds` late is sent, with `misfire` `skip` not.
    `user_limit` is for one person on one channel, in place of the channel's own; `rate` for the category as a whole:
    what is over them waits, but for critical priority. Empty: none. `unclear` says what becomes of a message that may
    or may not have been taken, unless it is critical or the provider can tell a repeat: `resend`, or `hold` it for an
    answer. Empty: marketing is held, transactional sent again. `fallback` is the chain of channels of sends that name
    none themselves and whose template has none. Within `group_window_seconds` a person gets `group_above` notifications
    of the category singly on a channel, and what comes beyond them as one when the window ends; 0: all singly.
    `group_channels` empty: email, sms, push and chat. `group_template`: the path of the group's template, which may use
    `count`, `items`, `more` and `category`; empty: a built-in text.
    Of people who set nothing themselves, `default_enabled` says whether they get the category at all, and
    `channel_defaults` on which channels, whatever the deployment's defaults are. `quiet_policy`: in a person's quiet
    hours it is held until they end (`hold`), dropped (`drop`), or goes out (`through`). `digestible` false: it goes out
    singly even to people who want digests; `digest_template` is like `group_template`, for digests of this category
    alone. `cap_per_day` and `cap_per_week`: how many of the category one person gets by email, SMS, push and chat
    together on a day of theirs, and on seven; 0: any number. Critical ones and essential categories pass.
    `skip_push_when_online`: no push to people who have a socket open just then, but for critical ones and those with a
    chain of channels."""

    key: CategoryKey
    name: Name
    description: Description = ""
    kind: KindName = "transactional"
    essential: bool = False
    default_priority: PriorityNumber = 3
    default_channels: Channels = []
    dedup_window_seconds: Days30 = 0
    misfire: MisfireName = "send"
    misfire_after_seconds: Days30 = 3_600
    retry: Retry = Retry()
    user_limit: RateText = ""
    rate: RateText = ""
    unclear: UnclearName = ""
    fallback: OwnChain | None = None
    group_above: GroupAbove = 0
    group_window_seconds: GroupWindow = 3_600
    group_channels: Channels = []
    group_template: Path | Literal[""] = ""
    default_enabled: bool = True
    channel_defaults: ChannelDefaults = {}
    quiet_policy: QuietPolicyName = "hold"
    digestible: bool = True
    digest_template: Path | Literal[""] = ""
    cap_per_day: CapNumber = 0
    cap_per_week: CapNumber = 0
    skip_push_when_online: bool = False


class CategoryChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may change; the key never does, for callers hold it. `retry` and `fallback` are replaced as a whole; null
    takes a chain away."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    kind: KindName | UnsetType = UNSET
    essential: bool | UnsetType = UNSET
    default_priority: PriorityNumber | UnsetType = UNSET
    default_channels: Channels | UnsetType = UNSET
    dedup_window_seconds: Days30 | UnsetType = UNSET
    misfire: MisfireName | UnsetType = UNSET
    misfire_after_seconds: Days30 | UnsetType = UNSET
    retry: Retry | UnsetType = UNSET
    user_limit: RateText | UnsetType = UNSET
    rate: RateText | UnsetType = UNSET
    unclear: UnclearName | UnsetType = UNSET
    fallback: OwnChain | UnsetType | None = UNSET
    group_above: GroupAbove | UnsetType = UNSET
    group_window_seconds: GroupWindow | UnsetType = UNSET
    group_channels: Channels | UnsetType = UNSET
    group_template: Path | Literal[""] | UnsetType = UNSET
    default_enabled: bool | UnsetType = UNSET
    channel_defaults: ChannelDefaults | UnsetType = UNSET
    quiet_policy: QuietPolicyName | UnsetType = UNSET
    digestible: bool | UnsetType = UNSET
    digest_template: Path | Literal[""] | UnsetType = UNSET
    cap_per_day: CapNumber | UnsetType = UNSET
    cap_per_week: CapNumber | UnsetType = UNSET
    skip_push_when_online: bool | UnsetType = UNSET


class Categories(msgspec.Struct, frozen=True, kw_only=True):
    """All categories, by key."""

    results: list[CategoryOut]


def _out(row: Category) -> CategoryOut:
    return CategoryOut(
        id=row.id,
        key=row.key,
        name=row.name,
        description=row.description,
        kind=row.kind,
        essential=row.essential,
        default_priority=row.default_priority,
        default_channels=list(row.default_channels),
        dedup_window_seconds=row.dedup_window_seconds,
        misfire=row.misfire,
        misfire_after_seconds=row.misfire_after_seconds,
        retry=msgspec.convert(row.retry, Retry),
        user_limit=row.user_limit,
        rate=row.rate,
        unclear=row.unclear,
        fallback=shown_chain(row.fallback),
        group_above=row.group_above,
        group_window_seconds=row.group_window_seconds,
        group_channels=list(row.group_channels),
        group_template=row.group_template,
        default_enabled=row.default_enabled,
        channel_defaults=row.channel_defaults,
        quiet_policy=row.quiet_policy,
        digestible=row.digestible,
        digest_template=row.digest_template,
        cap_per_day=row.cap_per_day,
        cap_per_week=row.cap_per_week,
        skip_push_when_online=row.skip_push_when_online,
    )


def _given(body: CategoryIn | CategoryChange) -> dict[str, Any]:
    """The fields of the body, the retry rule and the chain checked; raises InputError."""
    given: dict[str, Any] = msgspec.to_builtins(body)
    if body.fallback is not UNSET:
        given["fallback"] = stored_chain(body.fallback)
    for name in ("group_template", "digest_template"):
        if path := given.get(name):
            _check_template(path, f"/{name}")
    if "retry" in given:
        given["retry"] = checked_retry(given["retry"])
    return given


def _check_template(path: str, pointer: str) -> None:
    """It is there, and needs nothing that a group or digest does not have; raises InputError."""
    found = templates.find(path)
    if found is None or not found.active:
        raise InputError("template_not_found", "no active template has this path", pointer=pointer)
    unknown = sorted(set(found.required) - VARIABLES)
    if unknown:
        message = f"the template requires {', '.join(unknown)}; there is {', '.join(sorted(VARIABLES))}"
        raise InputError("missing_variables", message, pointer=pointer)


def _check_caps(per_day: int, per_week: int) -> None:
    """A day is in its week; raises InputError."""
    if per_week and per_day > per_week:
        message = "cap_per_day may not be above cap_per_week"
        raise InputError("out_of_bounds", message, pointer="/cap_per_day")


class CategoriesView(Endpoint):
    tag = "categories"

    @operation(permission=Open.ANY_CALLER, answers={200: Categories})
    def get(self, call: Call) -> Answer:
        """List all categories."""
        return Answer(value=Categories(results=[_out(row) for row in Category.objects.order_by("key")]))

    @operation(permission=Permission.STAFF, body=CategoryIn, answers={201: CategoryOut}, problems=(409,))
    def post(self, call: Call) -> Answer:
        """Make a category."""
        given = _given(call.body)
        _check_caps(given["cap_per_day"], given["cap_per_week"])
        try:
            with transaction.atomic():
                row = Category.objects.create(**given)
        except IntegrityError as error:
            field = FieldProblem(pointer="/key", code="category_exists", message="this key is taken")
            raise Refusal(409, "category_exists", "another category has this key", errors=[field]) from error
        catalog.read()
        return Answer(status=201, value=_out(row))


class CategoryView(Endpoint):
    tag = "categories"

    @operation(permission=Open.ANY_CALLER, answers={200: CategoryOut}, problems=(404,))
    def get(self, call: Call, id: int) -> Answer:  # noqa: A002
        """Show a category."""
        return Answer(value=_out(_find(id)))

    @operation(permission=Permission.STAFF, body=CategoryChange, answers={200: CategoryOut}, problems=(404,))
    def patch(self, call: Call, id: int) -> Answer:  # noqa: A002
        """Change a category; it takes effect within seconds, also on what waits."""
        given = _given(call.body)
        with transaction.atomic():
            # one writer at a time, so that two changes at once are both kept and the caps fit one another
            row = _find(id, for_change=True)
            for name, value in given.items():
                setattr(row, name, value)
            _check_caps(row.cap_per_day, row.cap_per_week)
            row.save(update_fields=list(given))
        catalog.read()
        return Answer(value=_out(row))


def _find(identifier: int, *, for_change: bool = False) -> Category:
    rows = Category.objects.select_for_update(no_key=True) if for_change else Category.objects
    row = rows.filter(pk=identifier).first() if identifier <= LARGEST_ID else None
    if row is None:
        raise Refusal(404, "category_not_found", "there is no such category")
    return row
