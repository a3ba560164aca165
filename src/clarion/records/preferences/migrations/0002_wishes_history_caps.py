"""Switches that may be unset, quiet hours, digests, consents, templates, own limit; the history; places under caps."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

from clarion.records.ids import new_id

APPEND_ONLY = """
CREATE FUNCTION preferences_change_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'preferences_change is append-only';
END $$;
CREATE TRIGGER preferences_change_stays BEFORE UPDATE ON preferences_change
FOR EACH ROW EXECUTE FUNCTION preferences_change_stays();
"""
UNDO = "DROP TRIGGER preferences_change_stays ON preferences_change; DROP FUNCTION preferences_change_stays();"


class Migration(migrations.Migration):
    dependencies = [
        ("preferences", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            "globalpreference", "notifications_enabled", models.BooleanField(null=True, default=None)
        ),
        migrations.AlterField("globalpreference", "marketing_enabled", models.BooleanField(null=True, default=None)),
        migrations.AlterField("categorypreference", "enabled", models.BooleanField(null=True, default=None)),
        migrations.AddField("globalpreference", "quiet_hours", models.JSONField(null=True, default=None)),
        migrations.AddField("globalpreference", "digest", models.JSONField(null=True, default=None)),
        migrations.AddField("globalpreference", "consents", models.JSONField(default=dict, db_default={})),
        migrations.AddField("globalpreference", "templates", models.JSONField(default=dict, db_default={})),
        migrations.AddField("globalpreference", "max_per_day", models.SmallIntegerField(default=0, db_default=0)),
        migrations.AddField("globalpreference", "version", models.IntegerField(default=0, db_default=0)),
        migrations.AddField("categorypreference", "digest", models.JSONField(null=True, default=None)),
        migrations.CreateModel(
            name="PreferenceChange",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("at", models.DateTimeField(db_default=Now())),
                ("source", models.TextField()),
                ("actor", models.TextField()),
                ("note", models.TextField(blank=True, default="")),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
            ],
            options={
                "db_table": "preferences_change",
                "indexes": [models.Index(fields=["user", "id"], name="preferences_change_user")],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, UNDO),
        migrations.CreateModel(
            name="SentSlot",
            fields=[
                ("notification_id", models.UUIDField(primary_key=True, serialize=False)),
                ("category_id", models.IntegerField()),
                ("day", models.DateField()),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "preferences_slot",
                "indexes": [
                    models.Index(fields=["user", "day", "category_id"], name="preferences_slot_user"),
                    models.Index(fields=["day"], name="preferences_slot_day"),
                ],
            },
        ),
    ]
