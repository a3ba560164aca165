"""Rooms such as a course or a group, their members, and what people's presence leaves behind."""

import re
from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id

KEY = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$(?!\n)"
KEY_LENGTH = 100


def is_key(text: str) -> bool:
    """Whether a room may have this key."""
    return len(text) <= KEY_LENGTH and re.match(KEY, text) is not None


class Rule(models.TextChoices):
    """Who may come in: those in the table of members, everybody who is signed in, or whoever holds a token whose
    signed claim `rooms` names the room."""

    MEMBERS = "members"
    OPEN = "open"
    CLAIM = "claim"


class Room(models.Model):
    """Addressed by its key, which never changes. Nobody comes into an archived room; its members are kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.TextField(unique=True)
    name = models.TextField()
    rule = models.TextField(choices=Rule, default=Rule.MEMBERS)
    archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "rooms_room"

    def __str__(self) -> str:
        return f"room {self.key}"


class Member(models.Model):
    """A person of a room. Rooms of any rule may have members: sends to the room reach them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+")
    joined_at = models.DateTimeField()

    class Meta:
        db_table = "rooms_member"
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "user"], name="one_place_in_a_room")]

    def __str__(self) -> str:
        return f"member {self.id}"


class Presence(models.Model):
    """Of a person: whether room-mates see that they are online, and when they last were."""

    user = models.OneToOneField("people.User", on_delete=models.CASCADE, primary_key=True, related_name="+")
    show_presence = models.BooleanField(default=True, db_default=True)
    last_seen = models.DateTimeField(null=True)

    class Meta:
        db_table = "rooms_presence"

    def __str__(self) -> str:
        return f"presence of {self.user_id}"
