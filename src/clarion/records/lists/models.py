"""Mailing lists and who is on them. What a list sends, and to which segments, is not here."""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id


class MailingList(models.Model):
    """A list that people put themselves on. `public`: anybody may ask for a place on it with an address, else only
    people who are known, themselves or through staff and services. `purpose` is what confirming agrees to, beside the
    list itself. `template_path` is the template of the confirmation mail; empty: a built-in text."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.TextField(unique=True)
    name = models.TextField()
    purpose = models.TextField(default="marketing")
    template_path = models.TextField(default="", blank=True)
    category = models.TextField(default="general")
    public = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "lists_list"

    def __str__(self) -> str:
        return f"list {self.key}"


class State(models.TextChoices):
    """Where a person stands with a list."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class Subscription(models.Model):
    """One person's place on one list. Pending until the link in the mail is followed and its button pressed, forgotten
    at `expires_at`. `asks` mails went out for it, the last at `asked_at`. `made_person`: the person is known for this
    alone, and is forgotten with it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    mailing_list = models.ForeignKey(MailingList, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+")
    state = models.TextField(choices=State, default=State.PENDING)
    asked_at = models.DateTimeField()
    asks = models.SmallIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    made_person = models.BooleanField(default=False)

    class Meta:
        db_table = "lists_subscription"
        constraints: ClassVar = [models.UniqueConstraint(fields=["mailing_list", "user"], name="one_place_on_a_list")]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], name="lists_subscription_expires"),
        ]

    def __str__(self) -> str:
        return f"subscription {self.id}"
