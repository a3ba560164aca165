"""What a category says about wishes: its defaults, quiet hours, digests and frequency caps."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("categories", "0006_grouping")]

    operations = [
        migrations.AddField("category", "default_enabled", models.BooleanField(default=True, db_default=True)),
        migrations.AddField("category", "channel_defaults", models.JSONField(default=dict, db_default={})),
        migrations.AddField(
            "category",
            "quiet_policy",
            models.TextField(
                choices=[("hold", "Hold"), ("drop", "Drop"), ("through", "Through")], default="hold", db_default="hold"
            ),
        ),
        migrations.AddField("category", "digestible", models.BooleanField(default=True, db_default=True)),
        migrations.AddField("category", "digest_template", models.TextField(blank=True, default="", db_default="")),
        migrations.AddField("category", "cap_per_day", models.IntegerField(default=0, db_default=0)),
        migrations.AddField("category", "cap_per_week", models.IntegerField(default=0, db_default=0)),
        migrations.AddConstraint(
            "category",
            models.CheckConstraint(
                condition=models.Q(("cap_per_day__gte", 0), ("cap_per_week__gte", 0)),
                name="category_caps_not_negative",
            ),
        ),
    ]
