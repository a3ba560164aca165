"""Bulk jobs with their rejections, and an index that lets a claim share itself fairly between callers."""

from datetime import UTC, datetime

from django.db import migrations, models

from clarion.records.ids import new_id
from clarion.records.partitions import partition_sql, week_of

TABLES = """
CREATE INDEX ledger_queue_fair ON ledger_queue (lane, priority, caller_id, due_at);

CREATE TABLE ledger_job (
    id uuid PRIMARY KEY,
    caller_kind text NOT NULL,
    caller_id uuid NOT NULL,
    state text NOT NULL,
    plan_sealed bytea,
    cursor uuid,
    until uuid,
    total integer,
    accepted integer NOT NULL DEFAULT 0,
    rejected integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX ledger_job_running ON ledger_job (id) WHERE state = 'running';
CREATE INDEX ledger_job_caller ON ledger_job (caller_id, id DESC);

CREATE TABLE ledger_rejection (
    job_id uuid NOT NULL,
    place integer NOT NULL,
    channel text NOT NULL DEFAULT '',
    user_id uuid,
    code text NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (job_id, place, channel)
) PARTITION BY RANGE (job_id);
"""
DROP = "DROP TABLE ledger_rejection; DROP TABLE ledger_job; DROP INDEX ledger_queue_fair;"


def first_partition(apps, schema_editor):  # type: ignore[no-untyped-def]
    """This week's; `clarion migrate` and the scheduler create the rest ahead of time."""
    schema_editor.execute(partition_sql("ledger_rejection", week_of(datetime.now(UTC))))


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES, DROP)],
            state_operations=[
                migrations.AddIndex(
                    model_name="queueentry",
                    index=models.Index(fields=["lane", "priority", "caller_id", "due_at"], name="ledger_queue_fair"),
                ),
                migrations.CreateModel(
                    name="Job",
                    fields=[
                        ("id", models.UUIDField(default=new_id, primary_key=True, serialize=False)),
                        ("caller_kind", models.TextField()),
                        ("caller_id", models.UUIDField()),
                        ("state", models.TextField()),
                        ("plan_sealed", models.BinaryField(null=True)),
                        ("cursor", models.UUIDField(null=True)),
                        ("until", models.UUIDField(null=True)),
                        ("total", models.IntegerField(null=True)),
                        ("accepted", models.IntegerField(default=0)),
                        ("rejected", models.IntegerField(default=0)),
                        ("created_at", models.DateTimeField()),
                        ("finished_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "ledger_job",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "running")), fields=["id"], name="ledger_job_running"
                            ),
                            models.Index(fields=["caller_id", "-id"], name="ledger_job_caller"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rejection",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "job_id",
                                "place",
                                "channel",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("job_id", models.UUIDField()),
                        ("place", models.IntegerField()),
                        ("channel", models.TextField(default="")),
                        ("user_id", models.UUIDField(null=True)),
                        ("code", models.TextField()),
                        ("message", models.TextField()),
                    ],
                    options={"db_table": "ledger_rejection"},
                ),
            ],
        ),
        migrations.RunPython(first_partition, migrations.RunPython.noop),
    ]
