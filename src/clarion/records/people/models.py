"""People and where they can be reached: users, devices, endpoints.

Addresses are sealed (see records/personal); look-ups go through keyed hashes. Who may do what is in records/access.
"""

from typing import ClassVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from clarion.records.ids import new_id
from clarion.records.personal.ring import ring
from clarion.records.personal.sealed import sealed_json, sealed_text


class UserManager(BaseUserManager["User"]):
    """Look-ups by address; there is no way to search a part of one."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """By email, as Django's login asks for it."""
        return self.get(email_hash__in=ring().lookup_hashes("email", username or ""))

    def with_email(self, email: str) -> models.QuerySet["User"]:
        """Users (one at most) with this normalised address."""
        return self.filter(email_hash__in=ring().lookup_hashes("email", email))

    def with_phone(self, phone: str) -> models.QuerySet["User"]:
        """Users with this E.164 number."""
        return self.filter(phone_hash__in=ring().lookup_hashes("phone", phone))


class User(AbstractBaseUser):
    """A person: recipient, caller, or both. `external_id` is the platform's own key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    external_id = models.TextField(null=True, unique=True)
    username = models.TextField(default="", blank=True)
    email_sealed = models.BinaryField(null=True)
    email_hash = models.BinaryField(null=True, unique=True, max_length=32)
    phone_sealed = models.BinaryField(null=True)
    phone_hash = models.BinaryField(null=True, db_index=True, max_length=32)
    names_sealed = models.BinaryField(null=True)
    locale = models.TextField(default="en")
    timezone = models.TextField(default="UTC")
    attributes = models.JSONField(default=dict)
    preferred_channels = ArrayField(models.TextField(), default=list)
    permissions = ArrayField(models.TextField(), default=list)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    token_epoch = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email_hash"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "people_user"

    _email = sealed_text("email_sealed")
    _phone = sealed_text("phone_sealed")
    names = sealed_json("names_sealed")

    @property
    def email(self) -> str:
        """Normalised address, or empty."""
        return str(self._email)

    @email.setter
    def email(self, value: str) -> None:
        self._email = value
        self.email_hash = ring().lookup_hash("email", value) if value else None

    @property
    def phone(self) -> str:
        """E.164 number, or empty."""
        return str(self._phone)

    @phone.setter
    def phone(self, value: str) -> None:
        self._phone = value
        self.phone_hash = ring().lookup_hash("phone", value) if value else None

    @property
    def first_name(self) -> str:
        return str(self.names.get("first_name", ""))

    @property
    def last_name(self) -> str:
        return str(self.names.get("last_name", ""))

    def __str__(self) -> str:
        return f"user {self.id}"


class Platform(models.TextChoices):
    """Where a push device lives."""

    ANDROID = "android"
    IOS = "ios"
    WEB = "web"
    OTHER = "other"


class TokenKind(models.TextChoices):
    """What the token is: FCM registration tokens are giving way to installation ids (`fid`)."""

    FCM_TOKEN = "fcm_token"  # noqa: S105 - a kind, not a token
    FID = "fid"
    APNS = "apns"
    WEBPUSH = "webpush"


class Device(models.Model):
    """One installation that can be pushed to. Dead tokens are deactivated, not deleted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    platform = models.TextField(choices=Platform)
    token_kind = models.TextField(choices=TokenKind)
    app = models.TextField(default="", blank=True)
    token_sealed = models.BinaryField()
    token_hash = models.BinaryField(unique=True, max_length=32)
    active = models.BooleanField(default=True)
    last_seen_at = models.DateTimeField(auto_now_add=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "people_device"

    _token = sealed_text("token_sealed")

    def __str__(self) -> str:
        return f"device {self.id}"

    @property
    def token(self) -> str:
        """The push token in the clear."""
        return str(self._token)

    @token.setter
    def token(self, value: str) -> None:
        self._token = value
        self.token_hash = ring().lookup_hash("device", value)


class Endpoint(models.Model):
    """Where a user's webhooks or chat messages go: a URL or a chat target, with the signing secret of a webhook.

    `events` are the webhook events it wants (`order.*`; none: all). One with `application` belongs to the installation:
    it hears what happens to notifications (flows/delivery/subscribers.py), and its owner's own webhooks do not go
    there. After a rotation both secrets sign until `old_secret_until`. `failing_since`: nothing was taken since then,
    in `failures` rounds; `disabled_for` says why Clarion took it out of use."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="endpoints")
    channel = models.TextField()
    label = models.TextField(default="", blank=True)
    target_sealed = models.BinaryField()
    secret_sealed = models.BinaryField(null=True)
    old_secret_sealed = models.BinaryField(null=True)
    old_secret_until = models.DateTimeField(null=True)
    events = ArrayField(models.TextField(), default=list)
    application = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    disabled_at = models.DateTimeField(null=True)
    disabled_for = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "people_endpoint"
        indexes: ClassVar = [models.Index(fields=["user", "channel"], name="people_endpoint_user")]

    target = sealed_text("target_sealed")
    secret = sealed_text("secret_sealed")
    old_secret = sealed_text("old_secret_sealed")

    def __str__(self) -> str:
        return f"endpoint {self.id}"


class EventFeed(models.Model):
    """How far the ledger's events have been told to the endpoints of the installation; one row, none while there are no
    such endpoints."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    xid = models.BigIntegerField()
    event_id = models.BigIntegerField()

    class Meta:
        db_table = "people_event_feed"

    def __str__(self) -> str:
        return f"told up to {self.xid}, {self.event_id}"


def is_known(user_id: UUID) -> bool:
    """Whether an active user has this id."""
    return User.objects.filter(pk=user_id, is_active=True).exists()
