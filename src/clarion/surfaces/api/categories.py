"""Categories: what notifications are about."""

from typing import Annotated, Literal

import msgspec
from django.db import IntegrityError, transaction
from msgspec import UNSET, Meta, UnsetType

from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import CategoryKey, Channels, Name
from clarion.surfaces.api.problems import FieldProblem, Refusal

KindName = Literal["transactional", "marketing"]
PriorityNumber = Annotated[int, Meta(ge=1, le=4)]
LARGEST_ID = 2_147_483_647


class CategoryOut(msgspec.Struct, frozen=True, kw_only=True):
    """A category."""

    id: int
    key: str
    name: str
    kind: str
    essential: bool
    default_priority: int
    default_channels: list[str]


class CategoryIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A category to make."""

    key: CategoryKey
    name: Name
    kind: KindName = "transactional"
    essential: bool = False
    default_priority: PriorityNumber = 3
    default_channels: Channels = []


class CategoryChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may change; the key never does, for callers hold it."""

    name: Name | UnsetType = UNSET
    kind: KindName | UnsetType = UNSET
    essential: bool | UnsetType = UNSET
    default_priority: PriorityNumber | UnsetType = UNSET
    default_channels: Channels | UnsetType = UNSET


class Categories(msgspec.Struct, frozen=True, kw_only=True):
    """All categories, by key."""

    results: list[CategoryOut]


def _out(row: Category) -> CategoryOut:
    return CategoryOut(
        id=row.id,
        key=row.key,
        name=row.name,
        kind=row.kind,
        essential=row.essential,
        default_priority=row.default_priority,
        default_channels=list(row.default_channels),
    )


class CategoriesView(Endpoint):
    tag = "categories"

    @operation(permission=Open.SIGNED_IN, answers={200: Categories})
    def get(self, call: Call) -> Answer:
        """List all categories."""
        return Answer(value=Categories(results=[_out(row) for row in Category.objects.order_by("key")]))

    @operation(permission=Permission.STAFF, body=CategoryIn, answers={201: CategoryOut}, problems=(409,))
    def post(self, call: Call) -> Answer:
        """Make a category."""
        try:
            with transaction.atomic():
                row = Category.objects.create(**msgspec.to_builtins(call.body))
        except IntegrityError as error:
            field = FieldProblem(pointer="/key", code="category_exists", message="this key is taken")
            raise Refusal(409, "category_exists", "another category has this key", errors=[field]) from error
        catalog.read()
        return Answer(status=201, value=_out(row))


class CategoryView(Endpoint):
    tag = "categories"

    @operation(permission=Open.SIGNED_IN, answers={200: CategoryOut}, problems=(404,))
    def get(self, call: Call, id: int) -> Answer:  # noqa: A002
        """Show a category."""
        return Answer(value=_out(_find(id)))

    @operation(permission=Permission.STAFF, body=CategoryChange, answers={200: CategoryOut}, problems=(404,))
    def patch(self, call: Call, id: int) -> Answer:  # noqa: A002
        """Change a category; it takes effect within seconds, also on what waits."""
        row = _find(id)
        for name, value in msgspec.to_builtins(call.body).items():
            setattr(row, name, value)
        row.save()
        catalog.read()
        return Answer(value=_out(row))


def _find(identifier: int) -> Category:
    row = Category.objects.filter(pk=identifier).first() if identifier <= LARGEST_ID else None
    if row is None:
        raise Refusal(404, "category_not_found", "there is no such category")
    return row
