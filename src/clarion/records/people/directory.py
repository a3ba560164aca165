"""Creating and changing people: normalise, check, store. The only place where addresses enter the tables."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError, transaction

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.channels.text import single_line
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.digests import rechecks
from clarion.records.people.models import User
from clarion.records.personal.ring import ring

PLAIN = ("external_id", "username", "locale", "timezone", "attributes", "preferred_channels", "is_active")
NAMES = ("first_name", "last_name")
_COLUMNS = {
    "email": ("email_sealed", "email_hash"),
    "phone": ("phone_sealed", "phone_hash"),
    **dict.fromkeys(NAMES, ("names_sealed",)),
}
"""Where a field is not one column of its own name."""


def checked_address(key: ChannelKey, value: str, pointer: str) -> str:
    """The normalised address; raises InputError with the channel's own code."""
    try:
        return channel_of(key).parse_address(value)
    except InvalidValue as error:
        raise InputError(error.code, str(error), pointer=pointer) from error


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # it walks the file system each time


def checked_timezone(value: str, pointer: str = "/timezone") -> str:
    """An IANA zone name."""
    if value not in _zones():
        raise InputError("invalid_timezone", "not an IANA time zone, such as Africa/Nairobi", pointer=pointer)
    ZoneInfo(value)
    return value


def checked_locale(value: str, pointer: str = "/locale") -> str:
    """A locale that exists, written `pt-BR`."""
    try:
        Locale.parse(value.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise InputError("invalid_locale", "not a known locale, such as en or pt-BR", pointer=pointer) from error
    return value.replace("_", "-")


def apply(user: User, given: Mapping[str, Any], pointer: str = "") -> None:
    """Put the given fields on the row, checked; names that are absent stay. Does not save. Raises InputError before
    the first field is put, so that a refused row is as it was."""
    values = {name: _checked(name, value, f"{pointer}/{name}") for name, value in given.items()}
    for name, value in values.items():
        if name in ("email", "phone", *PLAIN):
            setattr(user, name, value)
    names = {name: values[name] for name in NAMES if name in values}
    if names:
        user.names = {**user.names, **names}


def _checked(name: str, value: Any, pointer: str) -> Any:
    match name:
        case "timezone":
            return checked_timezone(value, pointer)
        case "locale":
            return checked_locale(value, pointer)
        case "email":
            return checked_address(ChannelKey.EMAIL, value, pointer) if value else ""
        case "phone":
            return checked_address(ChannelKey.SMS, value, pointer) if value else ""
        case "first_name" | "last_name" | "username":
            return _one_line(name, value, pointer)
        case "external_id":
            return value or None
    return value


def _one_line(name: str, value: str, pointer: str) -> str:
    """Names get into subjects and headers, where a line break would be the start of something else."""
    try:
        return single_line(value, field=name)
    except InvalidValue as error:
        raise InputError(error.code, str(error), pointer=pointer) from error


def create(given: Mapping[str, Any]) -> User:
    """A new person; raises InputError 409 when email or external id is taken."""
    user = User()
    user.set_unusable_password()
    apply(user, given)
    return save(user)


def change(user_id: UUID, given: Mapping[str, Any]) -> User | None:
    """Put the given fields, and the `permissions` among them, on a stored person; None when there is none. The row is
    locked from reading to writing, and only what is given is written: a lock-out or a new password of the same moment
    must not be undone by a change of name. Raises InputError as `apply` and `save` do."""
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        if user is None:
            return None
        user.permissions = given.get("permissions", user.permissions)
        zone = user.timezone
        apply(user, {name: value for name, value in given.items() if name != "permissions"})
        if user.timezone != zone:
            rechecks.ask([user_id], clock.now())
        return save(user, given)


def save(user: User, fields: Collection[str] | None = None) -> User:
    """Store the row, of one that is stored already only these fields; raises InputError 409 for an address or external
    id that another has."""
    mailed = user.email if fields is None or "email" in fields else ""
    if mailed and User.objects.with_email(mailed).exclude(pk=user.pk).exists():
        raise InputError("email_taken", "another user has this email address", pointer="/email", status=409)
    columns = None if fields is None else ["updated_at", *(c for f in fields for c in _COLUMNS.get(f, (f,)))]
    try:
        with transaction.atomic():
            user.save(update_fields=columns)
    except IntegrityError as error:
        raise _conflict(error) from error
    return user


def _conflict(error: IntegrityError) -> InputError:
    if "external_id" in str(error):
        return InputError("external_id_taken", "another user has this external id", pointer="/external_id", status=409)
    return InputError("email_taken", "another user has this email address", pointer="/email", status=409)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """What became of a list of people: ids in the order given (None where refused), and why."""

    created: int
    updated: int
    users: tuple[User | None, ...]
    refused: tuple[tuple[int, InputError], ...]


def upsert(given: Sequence[Mapping[str, Any]], permissions: Sequence[str] = ()) -> Upserted:
    """Create or change people by `external_id`, in bulk: a bounded number of queries for any number of people.
    `permissions` are what new people get."""
    with transaction.atomic():  # the rows are locked from reading to writing, as in `change`
        return _upsert(given, permissions)


def _upsert(given: Sequence[Mapping[str, Any]], permissions: Sequence[str]) -> Upserted:
    stored = User.objects.filter(external_id__in=[g["external_id"] for g in given])
    known: dict[str | None, User] = {
        user.external_id: user for user in stored.select_for_update(no_key=True).order_by("id")
    }
    known.update(_adopted(given, known))
    now = clock.now()
    fresh: dict[str, User] = {}
    changed: dict[str, User] = {}
    placed: list[User | None] = []
    refused: list[tuple[int, InputError]] = []
    mailed: dict[UUID, User] = {}
    moved: set[UUID] = set()
    for place, fields in enumerate(given):
        key = fields["external_id"]
        user = known.get(key) or fresh.get(key) or User(password="!", permissions=list(permissions))  # noqa: S106 - no password
        zone = user.timezone
        try:
            apply(user, fields, f"/users/{place}")
        except InputError as error:
            refused.append((place, error))
            placed.append(None)
            continue
        user.updated_at = now
        (changed if key in known else fresh)[key] = user
        if key in known and user.timezone != zone:
            moved.add(user.pk)
        placed.append(user)
        if "email" in fields:
            mailed[user.pk] = user
    clashes = _email_clashes([user for user in mailed.values() if user.email])
    for place, placed_user in enumerate(placed):
        if placed_user is not None and placed_user.pk in clashes:
            message = "another user has this email address"
            refused.append((place, InputError("email_taken", message, pointer=f"/users/{place}/email", status=409)))
            placed[place] = None
    good_new = [u for u in fresh.values() if u.pk not in clashes]
    good_old = [u for u in changed.values() if u.pk not in clashes]
    _write(good_new, good_old)
    rechecks.ask(moved, now)
    return Upserted(created=len(good_new), updated=len(good_old), users=tuple(placed), refused=tuple(refused))


def _adopted(given: Sequence[Mapping[str, Any]], known: Collection[str | None]) -> dict[str, User]:
    """By external id, people of those email addresses who are only there because somebody put the address on a mailing
    list: nobody's account, so they become the platform's, with what they agreed to."""
    hashes = {
        digest: each["external_id"]
        for each in reversed(given)  # the first that names an address has it
        if each["external_id"] not in known and each.get("email")
        for digest in _digests(each["email"])
    }
    if not hashes:
        return {}
    nobodys = User.objects.filter(
        email_hash__in=list(hashes), external_id=None, is_staff=False, password__startswith=UNUSABLE_PASSWORD_PREFIX
    ).exclude(permissions__len__gt=0)
    rows = nobodys.select_for_update(no_key=True).order_by("id")
    return {hashes[bytes(user.email_hash)]: user for user in rows if user.email_hash is not None}


def _digests(email: str) -> list[bytes]:
    try:
        return ring().lookup_hashes("email", checked_address(ChannelKey.EMAIL, email, ""))
    except InputError:
        return []  # refused where it is put on the row


def _email_clashes(users: Sequence[User]) -> set[UUID]:
    """Ids of those whose email another row, stored or earlier in the list, has already; under whichever key of the
    ring, for while one is changed for another the same address is stored under both."""
    digests = {user.pk: ring().lookup_hashes("email", user.email) for user in users}
    wanted = [digest for those in digests.values() for digest in those]
    stored = User.objects.filter(email_hash__in=wanted).values_list("email_hash", "id")
    owners = {bytes(digest): owner for digest, owner in stored if digest is not None}
    clashes = set()
    for user_id, those in digests.items():
        if any(owners.get(digest, user_id) != user_id for digest in those):
            clashes.add(user_id)
        else:
            owners.update(dict.fromkeys(those, user_id))
    return clashes


def _write(new: Sequence[User], old: Sequence[User]) -> None:
    columns = [
        *PLAIN,
        "updated_at",
        "email_sealed",
        "email_hash",
        "phone_sealed",
        "phone_hash",
        "names_sealed",
    ]
    try:
        with transaction.atomic():
            User.objects.bulk_create(new, batch_size=500)
            User.objects.bulk_update(old, columns, batch_size=200)
    except IntegrityError as error:
        raise _conflict(error) from error
