"""Seeding, step by step. A second run changes nothing: what is there stays, also the password and the key."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from django.db import transaction

from clarion.records import clock
from clarion.records.access import keys, tokens
from clarion.records.access.permissions import Permission
from clarion.records.people.models import User
from clarion.surfaces.cli.demo_data import writing
from clarion.surfaces.cli.demo_data.access_file import DemoAccess, Person, Staff, read_access, write_access
from clarion.surfaces.cli.demo_data.content import read_templates

STAFF_EMAIL = "staff@example.com"
KEY_NAME = "demo"
TOKEN_LIFE = timedelta(days=30)
TOKEN_RENEWAL = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What stands there now; `changed_file` tells whether demo.json was written."""

    users: int
    templates: int
    changed_file: bool


def seed(data_dir: Path, base_url: str) -> Seeded:
    """Make the demo data and `<data_dir>/demo.json`. Raises OSError when the file cannot be written."""
    now = clock.now()
    known = read_access(data_dir)
    templates = read_templates()
    with transaction.atomic():
        categories = writing.write_categories()
        staff, password = _staff(known)
        for template in templates:
            writing.write_template(template, categories[template.category])
        people = writing.write_people()
        access = DemoAccess(
            base_url=base_url,
            staff=Staff(email=staff.email, password=password),
            api_key=_api_key(staff, known, now),
            users=_shown(people, known, now),
            outbox_url=f"{base_url}/outbox/",
        )
    # After the commit: a file that names what was rolled back would be worse than a password made anew next time.
    return Seeded(users=len(people), templates=len(templates), changed_file=write_access(data_dir, access))


def _staff(known: DemoAccess | None) -> tuple[User, str]:
    """The staff user and its password: the known one where it is still good, else a new one."""
    user = User.objects.with_email(STAFF_EMAIL).first()
    if user is None:
        user = User(username="staff", is_staff=True, permissions=[str(Permission.STAFF)])
        user.email = STAFF_EMAIL
        user.names = {"first_name": "Sam", "last_name": "Staff"}
    elif known is not None and user.is_staff and user.check_password(known.staff.password):
        return user, known.staff.password
    else:
        tokens.revoke_all(user)  # somebody may have registered with this address: they do not become staff by it
    password = known.staff.password if known is not None else secrets.token_urlsafe(12)
    user.is_staff = user.is_active = True
    user.set_password(password)
    user.save()
    return user, password


def _api_key(staff: User, known: DemoAccess | None, now: datetime) -> str:
    if known is not None and keys.caller_for(known.api_key, now) is not None:
        return known.api_key
    # keys whose secret nobody has any more
    staff.api_keys.filter(name=KEY_NAME, revoked_at=None).update(revoked_at=now)
    return keys.mint(staff, KEY_NAME, list(Permission)).secret


def _shown(people: list[User], known: DemoAccess | None, now: datetime) -> list[Person]:
    before = {person.id: person.access for person in known.users} if known is not None else {}
    return [
        Person(
            id=str(user.id),
            email=user.email,
            phone=user.phone,
            locale=user.locale,
            timezone=user.timezone,
            access=_access(user, before.get(str(user.id), ""), now),
        )
        for user in people
    ]


def _expiry(token: str) -> datetime:
    """When a token we have verified already ends."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return datetime.fromtimestamp(int(claims["exp"]), tz=UTC)


def _access(user: User, before: str, now: datetime) -> str:
    """The token of the last run while it lasts a week more, else a new one; none where we cannot issue any."""
    try:
        if before and tokens.caller_for(before).user_id == user.id and _expiry(before) - now > TOKEN_RENEWAL:
            return before
    except tokens.InvalidToken:
        pass
    try:
        return tokens.access_token(user, now, TOKEN_LIFE)
    except tokens.CannotIssue:
        return ""
