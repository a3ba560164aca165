"""Doors, callbacks, and what they said. Callbacks and reports are partitioned by week, like the ledger."""

from datetime import UTC, datetime

import django.db.models.deletion
from django.db import migrations, models

from clarion.records.ids import new_id
from clarion.records.partitions import partition_sql, week_of

TABLES = """
CREATE TABLE feedback_callback (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    raw_sealed bytea NOT NULL,
    read_at timestamptz,
    reports integer,
    error text NOT NULL DEFAULT ''
) PARTITION BY RANGE (id);
CREATE INDEX feedback_callback_unread ON feedback_callback (id) WHERE NOT (error = '');

CREATE TABLE feedback_report (
    notification_id uuid NOT NULL,
    account_id uuid NOT NULL,
    event_key bytea NOT NULL,
    callback_id uuid NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (notification_id, account_id, event_key)
) PARTITION BY RANGE (notification_id);
"""
DROP = "DROP TABLE feedback_report; DROP TABLE feedback_callback;"


def first_partitions(apps, schema_editor):  # type: ignore[no-untyped-def]
    """This week's; `clarion migrate` and the scheduler create the rest ahead of time."""
    for table in ("feedback_callback", "feedback_report"):
        schema_editor.execute(partition_sql(table, week_of(datetime.now(UTC))))


_CALLBACK = [
    ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
    ("account_id", models.UUIDField()),
    ("received_at", models.DateTimeField()),
    ("raw_sealed", models.BinaryField()),
    ("read_at", models.DateTimeField(null=True)),
    ("reports", models.IntegerField(null=True)),
    ("error", models.TextField(blank=True, default="")),
]
_REPORT = [
    (
        "pk",
        models.CompositePrimaryKey(
            "notification_id",
            "account_id",
            "event_key",
            blank=True,
            editable=False,
            primary_key=True,
            serialize=False,
        ),
    ),
    ("notification_id", models.UUIDField()),
    ("account_id", models.UUIDField()),
    ("event_key", models.BinaryField(max_length=32)),
    ("callback_id", models.UUIDField()),
    ("kind", models.TextField()),
    ("at", models.DateTimeField()),
    ("reason", models.TextField(blank=True, default="")),
]


class Migration(migrations.Migration):
    initial = True
    dependencies = [("accounts", "0003_weights")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES, DROP)],
            state_operations=[
                migrations.CreateModel(
                    name="Callback",
                    fields=_CALLBACK,
                    options={
                        "db_table": "feedback_callback",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("error", ""), _negated=True),
                                fields=["id"],
                                name="feedback_callback_unread",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(name="Report", fields=_REPORT, options={"db_table": "feedback_report"}),
            ],
        ),
        migrations.CreateModel(
            name="Door",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("token_sealed", models.BinaryField()),
                ("token_hash", models.BinaryField(max_length=32, unique=True)),
                ("previous_hash", models.BinaryField(db_index=True, max_length=32, null=True)),
                ("previous_until", models.DateTimeField(null=True)),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="door", to="accounts.account"
                    ),
                ),
            ],
            options={"db_table": "feedback_door"},
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField()),
                ("attempts", models.SmallIntegerField(default=0)),
            ],
            options={
                "db_table": "feedback_task",
                "indexes": [models.Index(fields=["due_at"], name="feedback_task_due")],
            },
        ),
        migrations.CreateModel(
            name="Waiting",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("account_id", models.UUIDField()),
                ("event_key", models.BinaryField(max_length=32)),
                ("callback_id", models.UUIDField()),
                ("told_sealed", models.BinaryField()),
                ("since", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("attempts", models.SmallIntegerField(default=0)),
            ],
            options={
                "db_table": "feedback_waiting",
                "indexes": [models.Index(fields=["due_at"], name="feedback_waiting_due")],
                "constraints": [
                    models.UniqueConstraint(fields=("account_id", "event_key"), name="feedback_waiting_once")
                ],
            },
        ),
        migrations.RunPython(first_partitions, migrations.RunPython.noop),
    ]
