"""Categories: what a notification is about. Transactional or marketing; essential ones pass every switch."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from clarion.records.categories.policy import QuietPolicy

QUIET_POLICIES = [(str(policy), policy.capitalize()) for policy in QuietPolicy]


class Kind(models.TextChoices):
    """Marketing needs consent and can be switched off as a whole; transactional cannot."""

    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class Misfire(models.TextChoices):
    """What becomes of scheduled work that is found long after it was due."""

    SEND = "send"
    SKIP = "skip"


class WhenUnclear(models.TextChoices):
    """What becomes of a message that may or may not have been taken, where the provider cannot tell a repeat."""

    RESEND = "resend"
    HOLD = "hold"


class Category(models.Model):
    """Addressed by key or by its integer id. `description` tells people what comes. `default_priority` 1–4.
    `dedup_window_seconds` 0: repeats are sent.
    `retry` holds what retry.py's RetryRule has set, and nothing else; `fallback` is chain.py's. `unclear` empty:
    marketing is held, other things are sent again. `group_…` are grouping.py's; `group_above` 0: nothing is grouped.
    `default_enabled` and `channel_defaults` hold for people who set nothing; `cap_…` 0: no cap; `digest_template`: the
    path of the template of digests of this category alone, empty: the usual one."""

    id = models.AutoField(primary_key=True)
    key = models.SlugField(max_length=64, unique=True)
    name = models.TextField()
    description = models.TextField(default="", db_default="", blank=True)
    kind = models.TextField(choices=Kind, default=Kind.TRANSACTIONAL)
    essential = models.BooleanField(default=False)
    default_priority = models.SmallIntegerField(default=3)
    default_channels = ArrayField(models.TextField(), default=list)
    dedup_window_seconds = models.IntegerField(default=0)
    misfire = models.TextField(choices=Misfire, default=Misfire.SEND)
    misfire_after_seconds = models.IntegerField(default=3_600)
    retry = models.JSONField(default=dict)
    user_limit = models.TextField(default="", blank=True)
    rate = models.TextField(default="", blank=True)
    unclear = models.TextField(choices=WhenUnclear, default="", blank=True)
    fallback = models.JSONField(default=dict)
    group_above = models.IntegerField(default=0)
    group_window_seconds = models.IntegerField(default=3_600)
    group_channels = ArrayField(models.TextField(), default=list)
    group_template = models.TextField(default="", blank=True)
    default_enabled = models.BooleanField(default=True, db_default=True)
    channel_defaults = models.JSONField(default=dict, db_default={})
    quiet_policy = models.TextField(choices=QUIET_POLICIES, default="hold", db_default="hold")
    digestible = models.BooleanField(default=True, db_default=True)
    digest_template = models.TextField(default="", db_default="", blank=True)
    cap_per_day = models.IntegerField(default=0, db_default=0)
    cap_per_week = models.IntegerField(default=0, db_default=0)
    skip_push_when_online = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "categories_category"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(default_priority__range=(1, 4)), name="category_priority_range"),
            models.CheckConstraint(
                condition=models.Q(dedup_window_seconds__gte=0, misfire_after_seconds__gte=0),
                name="category_seconds_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(cap_per_day__gte=0, cap_per_week__gte=0), name="category_caps_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.key
