"""The suppression list, and the soft bounces that count towards it."""

from django.db import migrations, models

from clarion.records.ids import new_id


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("channel", models.TextField()),
                ("kind", models.TextField()),
                ("address_sealed", models.BinaryField()),
                ("address_hash", models.BinaryField(max_length=32)),
                ("reason", models.TextField()),
                ("source", models.TextField(blank=True, default="")),
                ("detail", models.TextField(blank=True, default="")),
                ("since", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_by", models.TextField(blank=True, default="")),
                ("lift_why", models.TextField(blank=True, default="")),
            ],
            options={
                "db_table": "suppression_entry",
                "indexes": [models.Index(fields=["address_hash"], name="suppression_entry_address")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)),
                        fields=("address_hash", "reason"),
                        name="suppression_entry_standing",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Strike",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("event_key", models.BinaryField(max_length=32, unique=True)),
                ("address_hash", models.BinaryField(max_length=32)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "suppression_strike",
                "indexes": [
                    models.Index(fields=["address_hash", "at"], name="suppression_strike_address"),
                    models.Index(fields=["at"], name="suppression_strike_at"),
                ],
            },
        ),
    ]
