"""Windows of digests, what a window's message left out, and people whose wishes changed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("digests", "0002_groups_of_any_size")]

    operations = [
        migrations.AlterField(
            "window",
            "kind",
            models.TextField(
                choices=[("burst", "Burst"), ("hourly", "Hourly"), ("daily", "Daily"), ("weekly", "Weekly")]
            ),
        ),
        migrations.AddIndex("window", models.Index(fields=["user_id"], name="digests_window_user")),
        migrations.AddField("window", "waits_until", models.DateTimeField(null=True)),
        migrations.AddField("item", "left_out", models.TextField(blank=True, default="", db_default="")),
        migrations.CreateModel(
            name="Recheck",
            fields=[
                ("user_id", models.UUIDField(primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField()),
                ("looks", models.SmallIntegerField(default=0)),
            ],
            options={
                "db_table": "digests_recheck",
                "indexes": [models.Index(fields=["due_at"], name="digests_recheck_due")],
            },
        ),
    ]
