"""What a person switched on or off. Rows say only what was set; defaults fill the rest (records/preferences/rules)."""

from typing import ClassVar

from django.db import models


class GlobalPreference(models.Model):
    """The person's general switches; no row means all defaults."""

    user = models.OneToOneField("people.User", on_delete=models.CASCADE, primary_key=True, related_name="+")
    notifications_enabled = models.BooleanField(default=True)
    marketing_enabled = models.BooleanField(default=True)
    channels = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "preferences_global"

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class CategoryPreference(models.Model):
    """Switches for one category: `channels` maps a channel to on or off; `enabled` rules the category as a whole."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+")
    category = models.ForeignKey("categories.Category", on_delete=models.CASCADE, related_name="+")
    enabled = models.BooleanField(default=True)
    channels = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "preferences_category"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "category"], name="one_preference_per_category")
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user_id} for {self.category_id}"
