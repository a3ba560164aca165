"""Finding a person to preview for: by something whole that one knows of them, since addresses are sealed."""

from uuid import UUID

import msgspec

from clarion.channels.email import mask_email
from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.people.models import User

MOST = 20


class PersonChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to choose; the address is masked."""

    id: UUID
    name: str
    email: str
    locale: str
    timezone: str


def find_people(words: str) -> list[PersonChoice]:
    """Active people with exactly this email, phone, external id or id; for no words, the newest."""
    active = User.objects.filter(is_active=True)
    if not words:
        return [_choice(user) for user in active.order_by("-id")[:MOST]]
    found: dict[UUID, User] = {}
    for rows in (
        active.filter(pk__in=_uuids(words)),
        active.filter(external_id=words),
        active & User.objects.with_email(_normalised(ChannelKey.EMAIL, words)),
        active & User.objects.with_phone(_normalised(ChannelKey.SMS, words)),
    ):
        found |= {user.id: user for user in rows[:MOST]}
    return [_choice(user) for user in found.values()][:MOST]


def _uuids(words: str) -> list[UUID]:
    try:
        return [UUID(words)]
    except ValueError:
        return []


def _normalised(key: ChannelKey, words: str) -> str:
    try:
        return channel_of(key).parse_address(words)
    except InvalidValue:
        return words


def _choice(user: User) -> PersonChoice:
    name = f"{user.first_name} {user.last_name}".strip() or user.username
    return PersonChoice(
        id=user.id,
        name=name or str(user.id),
        email=mask_email(user.email) if user.email else "",
        locale=user.locale,
        timezone=user.timezone,
    )
