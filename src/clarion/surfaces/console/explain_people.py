"""Whom a page about decisions is about: found by what one knows of them whole, shown with a masked address."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404

from clarion.channels.email import mask_email
from clarion.records.people.models import User
from clarion.records.personal.sealed import opened_or
from clarion.surfaces.console.people import find_people


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, as the pages name them. `zone`: by which their days are meant."""

    id: UUID
    name: str
    email: str
    zone: str
    active: bool


def person_of(identifier: UUID) -> User:
    """Whoever has this id, also who is out of use; 404 for nobody."""
    user = User.objects.filter(pk=identifier).first()
    if user is None:
        raise Http404
    return user


def shown_person(user: User) -> Person:
    """The person for the page."""
    first, last = opened_or(lambda: (user.first_name, user.last_name), ("", ""))
    name = f"{first} {last}".strip() or user.username
    email = opened_or(lambda: user.email, "")
    return Person(
        id=user.id,
        name=name or str(user.id),
        email=mask_email(email) if email else "",
        zone=user.timezone,
        active=user.is_active,
    )


def people_like(words: str) -> list[UUID]:
    """Ids of those with exactly this email, phone number, external id or id; also of one out of use, by id."""
    found = [each.id for each in find_people(words)] if words else []
    identifier = identifier_in(words)
    if not found and identifier is not None and User.objects.filter(pk=identifier).exists():
        return [identifier]
    return found


def identifier_in(words: str) -> UUID | None:
    """The words as an id, if they are one."""
    try:
        return UUID(words)
    except ValueError:
        return None
