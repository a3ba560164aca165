"""Rooms, their members, and people's presence."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clarion.records.ids import new_id


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="Room",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("key", models.TextField(unique=True)),
                ("name", models.TextField()),
                (
                    "rule",
                    models.TextField(
                        choices=[("members", "Members"), ("open", "Open"), ("claim", "Claim")], default="members"
                    ),
                ),
                ("archived", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "rooms_room"},
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("show_presence", models.BooleanField(db_default=True, default=True)),
                ("last_seen", models.DateTimeField(null=True)),
            ],
            options={"db_table": "rooms_presence"},
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("joined_at", models.DateTimeField()),
                (
                    "room",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="rooms.room"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "rooms_member",
                "constraints": [models.UniqueConstraint(fields=("room", "user"), name="one_place_in_a_room")],
            },
        ),
    ]
