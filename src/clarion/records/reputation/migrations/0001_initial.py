"""Counts of what was sent and came back, where accounts stand, and what was ruled."""

from django.db import migrations, models

from clarion.records.ids import new_id


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("account", models.TextField()),
                ("category_id", models.IntegerField()),
                ("sent", models.IntegerField(default=0)),
                ("bounced", models.IntegerField(default=0)),
                ("complained", models.IntegerField(default=0)),
            ],
            options={
                "db_table": "reputation_tally",
                "indexes": [models.Index(fields=["at"], name="reputation_tally_at")],
            },
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("account", models.TextField()),
                ("category_id", models.IntegerField(default=0)),
                ("state", models.TextField()),
                ("since", models.DateTimeField()),
                ("counts_from", models.DateTimeField(null=True)),
                ("sent", models.IntegerField(default=0)),
                ("bounced", models.IntegerField(default=0)),
                ("complained", models.IntegerField(default=0)),
                ("why", models.TextField(blank=True, default="")),
            ],
            options={
                "db_table": "reputation_standing",
                "constraints": [
                    models.UniqueConstraint(fields=("account", "category_id"), name="reputation_standing_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Ruling",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("account", models.TextField()),
                ("category_id", models.IntegerField(default=0)),
                ("at", models.DateTimeField()),
                ("before", models.TextField()),
                ("after", models.TextField()),
                ("by", models.TextField()),
                ("why", models.TextField(blank=True, default="")),
            ],
            options={
                "db_table": "reputation_ruling",
                "indexes": [models.Index(fields=["account", "-id"], name="reputation_ruling_account")],
            },
        ),
    ]
