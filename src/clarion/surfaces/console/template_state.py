"""A template as its page knows it: the content somebody edits, and what stands around it."""

from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from clarion.channels.registry import CHANNELS
from clarion.records.access.permissions import Caller, Permission
from clarion.records.categories.models import Category
from clarion.records.people.models import User
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template, TemplateVersion
from clarion.records.templating.versions import draft_of, latest_number, newest
from clarion.surfaces.api.chains import FallbackOut, shown_chain
from clarion.surfaces.api.template_bodies import DEFAULT

BEGINNING = """{% extends "base" %}

{% block heading %}Hello {{ user.first_name }}{% endblock %}

{% block content %}
<p>What it is about, in a sentence.</p>
{% include "button" with label="See more", url=app_url %}
{% endblock %}
"""
"""What a new email begins with: the layout, and its two blocks that every mail fills."""


class FieldState(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    required: bool
    html: bool
    single_line: bool
    limit: int


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    """A channel and its fields, as the editor offers them."""

    key: str
    label: str
    fields: list[FieldState]


class CategoryState(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    name: str
    kind: str


class DraftState(msgspec.Struct, frozen=True, kw_only=True):
    """A draft in the words of the API (TemplateIn), so that the page sends back what it got."""

    path: str
    name: str
    category: str
    content: dict[str, dict[str, dict[str, str]]]
    required_variables: list[str]
    optional_variables: list[str]
    default_priority: int
    fallback: FallbackOut | None
    schema: dict[str, Any]
    sample: dict[str, Any]
    theme: str
    locales: list[str]
    publish_threshold: int | None


class TemplateState(msgspec.Struct, frozen=True, kw_only=True):
    """`latest` is the number that a save builds upon; `version` the one that is shown."""

    id: UUID | None
    active: bool
    latest: int
    version: int
    state: str
    published: int | None
    saved_by: str
    saved_at: str
    template: DraftState


class PageState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page's program starts from."""

    stored: TemplateState
    channels: list[ChannelState]
    categories: list[CategoryState]
    locales: list[str]
    default_locale: str
    own_locale: str
    may_see_people: bool
    four_eyes: bool
    outbox: bool


def state_of(template: Template, version: TemplateVersion | None = None) -> TemplateState:
    """What is stored: this version, or the one that an editor starts from."""
    shown = version or newest(template)
    if shown is None:
        raise LookupError("a template is stored with its first version")
    return TemplateState(
        id=template.id,
        active=template.active,
        latest=latest_number(template.id),
        version=shown.number,
        state=str(shown.state),
        published=template.current_version.number if template.current_version else None,
        saved_by=name_of({shown.author_id}).get(shown.author_id, ""),
        saved_at=shown.created_at.isoformat(),
        template=draft_state(draft_of(template, shown)),
    )


def empty_state(path: str = "") -> TemplateState:
    """A template that is not there yet: an email, to begin with something."""
    content: dict[str, dict[str, dict[str, str]]] = {
        "email": {DEFAULT: {"subject": "Hello {{ user.first_name }}", "html": BEGINNING}}
    }
    draft = DraftState(
        path=path,
        name="",
        category="general",
        content=content,
        required_variables=[],
        optional_variables=[],
        default_priority=3,
        fallback=None,
        schema={},
        sample={},
        theme="",
        locales=[],
        publish_threshold=None,
    )
    return TemplateState(
        id=None,
        active=True,
        latest=0,
        version=0,
        state="",
        published=None,
        saved_by="",
        saved_at="",
        template=draft,
    )


def draft_state(draft: Draft) -> DraftState:
    """The draft in the words of the API."""
    category = Category.objects.filter(pk=draft.category_id).values_list("key", flat=True).first() or ""
    return DraftState(
        path=draft.path,
        name=draft.name,
        category=category,
        content={
            str(key): {locale or DEFAULT: dict(fields) for locale, fields in locales.items()}
            for key, locales in draft.content.items()
        },
        required_variables=list(draft.required),
        optional_variables=list(draft.optional),
        default_priority=draft.default_priority,
        fallback=shown_chain(draft.fallback),
        schema=dict(draft.schema),
        sample=dict(draft.sample),
        theme=draft.theme,
        locales=list(draft.locales),
        publish_threshold=draft.publish_threshold,
    )


def page_state(stored: TemplateState, caller: Caller) -> PageState:
    """With what the editor offers to choose from."""
    own = User.objects.filter(pk=caller.user_id).values_list("locale", flat=True).first()
    return PageState(
        stored=stored,
        channels=[
            ChannelState(
                key=str(key),
                label=channel.label,
                fields=[
                    FieldState(
                        name=spec.name,
                        required=spec.required,
                        html=spec.html,
                        single_line=spec.single_line,
                        limit=spec.limit,
                    )
                    for spec in channel.fields
                ],
            )
            for key, channel in CHANNELS.items()
        ],
        categories=[
            CategoryState(key=row.key, name=row.name, kind=row.kind) for row in Category.objects.order_by("key")
        ],
        locales=list(settings.TEMPLATE_LOCALES),
        default_locale=settings.DEFAULT_LOCALE,
        own_locale=own or settings.DEFAULT_LOCALE,
        may_see_people=caller.may(Permission.STAFF),
        four_eyes=settings.TEMPLATE_FOUR_EYES,
        outbox=settings.OUTBOX_ENABLED,
    )


def name_of(users: set[UUID | None]) -> dict[UUID | None, str]:
    """How to call these people; one query."""
    rows = User.objects.filter(pk__in=[user for user in users if user is not None])
    return {row.id: f"{row.first_name} {row.last_name}".strip() or row.username or "staff" for row in rows}
