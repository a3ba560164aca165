"""Windows of collected notifications, and their items."""

from django.db import migrations, models

from clarion.records.ids import new_id


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Window",
            fields=[
                ("id", models.UUIDField(default=new_id, primary_key=True, serialize=False)),
                ("kind", models.TextField(choices=[("burst", "Burst")])),
                ("user_id", models.UUIDField()),
                ("category_id", models.IntegerField()),
                ("channel", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                ("above", models.IntegerField()),
                ("count", models.IntegerField()),
                ("closed", models.BooleanField(default=False)),
            ],
            options={"db_table": "digests_window"},
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("window_id", models.UUIDField()),
                ("number", models.IntegerField()),
            ],
            options={"db_table": "digests_item"},
        ),
        migrations.AddConstraint(
            "window",
            models.UniqueConstraint(
                fields=["kind", "user_id", "category_id", "channel"],
                condition=models.Q(closed=False),
                name="one_open_window",
            ),
        ),
        migrations.AddIndex("window", models.Index(fields=["closes_at"], name="digests_window_closes")),
        migrations.AddConstraint(
            "item", models.UniqueConstraint(fields=["window_id", "number"], name="one_number_in_a_window")
        ),
    ]
