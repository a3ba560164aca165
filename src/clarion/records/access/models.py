"""Who may do what: API keys and refresh tokens. The rules are in permissions.py and callers.py."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from clarion.records.ids import new_id


class ApiKey(models.Model):
    """A service's key. Only keyed hashes are stored; `previous_hash` stays good until `previous_until` after a
    rotation, so that clients can change over without a gap."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.TextField()
    prefix = models.CharField(max_length=12, unique=True)
    hash = models.BinaryField(max_length=32)
    previous_hash = models.BinaryField(null=True, max_length=32)
    previous_until = models.DateTimeField(null=True)
    owner = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="api_keys")
    scopes = ArrayField(models.TextField(), default=list)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "access_apikey"

    def __str__(self) -> str:
        return f"API key {self.prefix}…"


class RefreshToken(models.Model):
    """One refresh token of a family. Using it twice means theft: the whole family ends."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+")
    family = models.UUIDField(db_index=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "access_refreshtoken"
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="access_refresh_expires")]

    def __str__(self) -> str:
        return f"refresh token {self.id}"
