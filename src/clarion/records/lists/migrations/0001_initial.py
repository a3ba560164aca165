"""Mailing lists and subscriptions."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clarion.records.ids import new_id


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="MailingList",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("key", models.TextField(unique=True)),
                ("name", models.TextField()),
                ("purpose", models.TextField(default="marketing")),
                ("template_path", models.TextField(blank=True, default="")),
                ("category", models.TextField(default="general")),
                ("public", models.BooleanField(default=False)),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "lists_list"},
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    models.TextField(
                        choices=[("pending", "Pending"), ("confirmed", "Confirmed"), ("ended", "Ended")],
                        default="pending",
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("asks", models.SmallIntegerField(default=0)),
                ("expires_at", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("made_person", models.BooleanField(default=False)),
                (
                    "mailing_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="lists.mailinglist"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "lists_subscription",
                "indexes": [models.Index(fields=["expires_at"], name="lists_subscription_expires")],
                "constraints": [models.UniqueConstraint(fields=("mailing_list", "user"), name="one_place_on_a_list")],
            },
        ),
    ]
