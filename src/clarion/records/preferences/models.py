"""What a person switched on or off, what they were told of too often, and how all that came about. Rows say only what
was set (null: not set); defaults fill the rest (records/preferences/rules)."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from clarion.records.ids import new_id


class GlobalPreference(models.Model):
    """The person's general wishes; no row means all defaults. `quiet_hours` and `digest` are quiet_hours.py's and
    digest_choice.py's stored forms; `consents`: purpose → given, the current state of records/consents; `templates`:
    template id → on; `max_per_day` 0: no limit of their own. `version` goes up with every change of the person's
    wishes, those for categories included."""

    user = models.OneToOneField("people.User", on_delete=models.CASCADE, primary_key=True, related_name="+")
    notifications_enabled = models.BooleanField(null=True, default=None)
    marketing_enabled = models.BooleanField(null=True, default=None)
    channels = models.JSONField(default=dict)
    quiet_hours = models.JSONField(null=True, default=None)
    digest = models.JSONField(null=True, default=None)
    consents = models.JSONField(default=dict, db_default={})
    templates = models.JSONField(default=dict, db_default={})
    max_per_day = models.SmallIntegerField(default=0, db_default=0)
    version = models.IntegerField(default=0, db_default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "preferences_global"

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class CategoryPreference(models.Model):
    """Wishes for one category: `channels` maps a channel to on or off; `enabled` rules the category as a whole;
    `digest` goes before the general one."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+")
    category = models.ForeignKey("categories.Category", on_delete=models.CASCADE, related_name="+")
    enabled = models.BooleanField(null=True, default=None)
    channels = models.JSONField(default=dict)
    digest = models.JSONField(null=True, default=None)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "preferences_category"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "category"], name="one_preference_per_category")
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user_id} for {self.category_id}"


class PreferenceChange(models.Model):
    """One change of a person's wishes: which door (`source`), who (`actor`: `user:<id>`, `api_key:<id>`, `system`), why
    (`note`), and only what differs, before and after. Append-only: the database refuses to change a row; a person's
    rows go when the person goes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())
    source = models.TextField()
    actor = models.TextField()
    note = models.TextField(default="", blank=True)
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        db_table = "preferences_change"
        indexes: ClassVar = [models.Index(fields=["user", "id"], name="preferences_change_user")]

    def __str__(self) -> str:
        return f"change {self.id} of {self.user_id}"


class SentSlot(models.Model):
    """A place that a notification took under the frequency caps, on `day` of the person's calendar. Given back when it
    ends unsent; swept away when no cap looks back so far (slots.py)."""

    notification_id = models.UUIDField(primary_key=True)
    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    category_id = models.IntegerField()
    day = models.DateField()

    class Meta:
        db_table = "preferences_slot"
        indexes: ClassVar = [
            models.Index(fields=["user", "day", "category_id"], name="preferences_slot_user"),
            models.Index(fields=["day"], name="preferences_slot_day"),
        ]

    def __str__(self) -> str:
        return f"slot of {self.notification_id}"
