"""Deduplication window, misfire policy and retry rule of a category."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("categories", "0001_initial")]

    operations = [
        migrations.AddField("category", "dedup_window_seconds", models.IntegerField(default=0)),
        migrations.AddField(
            "category",
            "misfire",
            models.TextField(choices=[("send", "Send"), ("skip", "Skip")], default="send"),
        ),
        migrations.AddField("category", "misfire_after_seconds", models.IntegerField(default=3600)),
        migrations.AddField("category", "retry", models.JSONField(default=dict)),
        migrations.AddConstraint(
            "category",
            models.CheckConstraint(
                condition=models.Q(("dedup_window_seconds__gte", 0), ("misfire_after_seconds__gte", 0)),
                name="category_seconds_not_negative",
            ),
        ),
    ]
