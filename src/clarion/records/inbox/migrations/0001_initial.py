"""The inbox's tables: items partitioned by UUIDv7 like the ledger, the counter one row a user."""

from datetime import UTC, datetime

from django.db import migrations, models

from clarion.records.partitions import partition_sql, week_of

TABLES = """
CREATE TABLE inbox_counter (
    user_id uuid PRIMARY KEY,
    last_seq bigint NOT NULL DEFAULT 0,
    unread integer NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE inbox_item (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    channel text NOT NULL,
    seq bigint NOT NULL,
    category text NOT NULL DEFAULT '',
    priority smallint NOT NULL,
    content_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    dismissed_at timestamptz,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX inbox_item_seq ON inbox_item (user_id, seq);
"""


def first_partition(apps, schema_editor):  # type: ignore[no-untyped-def]
    """This week's; `clarion migrate` and the scheduler create the rest ahead of time."""
    schema_editor.execute(partition_sql("inbox_item", week_of(datetime.now(UTC))))


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES, "DROP TABLE inbox_item; DROP TABLE inbox_counter;")],
            state_operations=[
                migrations.CreateModel(
                    name="InboxCounter",
                    fields=[
                        ("user_id", models.UUIDField(primary_key=True, serialize=False)),
                        ("last_seq", models.BigIntegerField(default=0)),
                        ("unread", models.IntegerField(default=0)),
                    ],
                    options={
                        "db_table": "inbox_counter",
                    },
                ),
                migrations.CreateModel(
                    name="InboxItem",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("user_id", models.UUIDField()),
                        ("channel", models.TextField()),
                        ("seq", models.BigIntegerField()),
                        ("category", models.TextField(blank=True, default="")),
                        ("priority", models.SmallIntegerField()),
                        ("content_sealed", models.BinaryField()),
                        ("created_at", models.DateTimeField()),
                        ("read_at", models.DateTimeField(null=True)),
                        ("dismissed_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "inbox_item",
                        "indexes": [models.Index(fields=["user_id", "seq"], name="inbox_item_seq")],
                    },
                ),
            ],
        ),
        migrations.RunPython(first_partition, migrations.RunPython.noop),
    ]
