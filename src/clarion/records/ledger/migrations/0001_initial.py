"""The ledger's tables, written as SQL: partitioned by UUIDv7, the queue narrow with a fillfactor for HOT updates."""

from datetime import UTC, datetime

from django.db import migrations, models
import clarion.records.ids

from clarion.records.partitions import partition_sql, week_of

LEDGER = [
    "ledger_request",
    "ledger_notification",
    "ledger_attempt",
    "ledger_decision",
    "ledger_event",
    "ledger_idempotency",
]

TABLES = """
CREATE TABLE ledger_request (
    id uuid NOT NULL,
    caller_kind text NOT NULL,
    caller_id uuid NOT NULL,
    payload_sealed bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);

CREATE TABLE ledger_notification (
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    user_id uuid NOT NULL,
    channel text NOT NULL,
    category_id integer NOT NULL,
    template_id uuid,
    version_id uuid,
    priority smallint NOT NULL,
    status text NOT NULL,
    reason text NOT NULL DEFAULT '',
    caller_kind text NOT NULL,
    caller_id uuid NOT NULL,
    reference text NOT NULL DEFAULT '',
    bypass boolean NOT NULL DEFAULT false,
    context_sealed bytea,
    created_at timestamptz NOT NULL,
    scheduled_at timestamptz,
    expires_at timestamptz,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    ended_at timestamptz,
    account text NOT NULL DEFAULT '',
    remote_id text NOT NULL DEFAULT '',
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX ledger_notification_user ON ledger_notification (user_id, id DESC);
CREATE INDEX ledger_notification_request ON ledger_notification (request_id);

CREATE TABLE ledger_queue (
    id uuid PRIMARY KEY,
    lane text NOT NULL,
    priority smallint NOT NULL,
    due_at timestamptz NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    replayed_after smallint NOT NULL DEFAULT 0,
    lease bigint,
    lease_until timestamptz,
    caller_id uuid NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ledger_queue_due ON ledger_queue (lane, priority, due_at);
CREATE SEQUENCE ledger_lease;

CREATE TABLE ledger_attempt (
    notification_id uuid NOT NULL,
    number smallint NOT NULL,
    target text NOT NULL DEFAULT '',
    account text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    remote_id text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    PRIMARY KEY (notification_id, number, target)
) PARTITION BY RANGE (notification_id);

CREATE TABLE ledger_decision (
    notification_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    stage text NOT NULL,
    rule text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL DEFAULT '',
    until timestamptz,
    detail text NOT NULL DEFAULT '',
    PRIMARY KEY (notification_id, id)
) PARTITION BY RANGE (notification_id);

CREATE SEQUENCE ledger_event_id CACHE 100;
CREATE TABLE ledger_event (
    notification_id uuid NOT NULL,
    id bigint NOT NULL DEFAULT nextval('ledger_event_id'),
    at timestamptz NOT NULL,
    type text NOT NULL,
    reason text NOT NULL DEFAULT '',
    xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    PRIMARY KEY (notification_id, id)
) PARTITION BY RANGE (notification_id);
CREATE INDEX ledger_event_position ON ledger_event (xid, id);

CREATE TABLE ledger_idempotency (
    id uuid NOT NULL,
    caller_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    answer bytea NOT NULL,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX ledger_idempotency_key ON ledger_idempotency (caller_id, key);
"""

DROP = "".join(f"DROP TABLE {table};" for table in [*LEDGER, "ledger_queue"]) + (
    "DROP SEQUENCE ledger_lease; DROP SEQUENCE ledger_event_id;"
)


def first_partitions(apps, schema_editor):  # type: ignore[no-untyped-def]
    """This week's; `clarion migrate` and the scheduler create the rest ahead of time."""
    for table in LEDGER:
        schema_editor.execute(partition_sql(table, week_of(datetime.now(UTC))))


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES, DROP)],
            state_operations=[
                migrations.CreateModel(
                    name="Attempt",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "notification_id",
                                "number",
                                "target",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("notification_id", models.UUIDField()),
                        ("number", models.SmallIntegerField()),
                        ("target", models.TextField(default="")),
                        ("account", models.TextField()),
                        ("outcome", models.TextField()),
                        ("reason", models.TextField(blank=True, default="")),
                        ("detail", models.TextField(blank=True, default="")),
                        ("remote_id", models.TextField(blank=True, default="")),
                        ("started_at", models.DateTimeField()),
                        ("finished_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "ledger_attempt",
                    },
                ),
                migrations.CreateModel(
                    name="Decision",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "notification_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("notification_id", models.UUIDField()),
                        ("id", models.UUIDField(default=clarion.records.ids.new_id)),
                        ("at", models.DateTimeField()),
                        ("stage", models.TextField()),
                        ("rule", models.TextField()),
                        ("outcome", models.TextField()),
                        ("reason", models.TextField(blank=True, default="")),
                        ("until", models.DateTimeField(null=True)),
                        ("detail", models.TextField(blank=True, default="")),
                    ],
                    options={
                        "db_table": "ledger_decision",
                    },
                ),
                migrations.CreateModel(
                    name="Request",
                    fields=[
                        ("id", models.UUIDField(default=clarion.records.ids.new_id, primary_key=True, serialize=False)),
                        ("caller_kind", models.TextField()),
                        ("caller_id", models.UUIDField()),
                        ("payload_sealed", models.BinaryField(null=True)),
                        ("created_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "ledger_request",
                    },
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "notification_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("notification_id", models.UUIDField()),
                        ("id", models.BigIntegerField()),
                        ("at", models.DateTimeField()),
                        ("type", models.TextField()),
                        ("reason", models.TextField(blank=True, default="")),
                        ("xid", models.BigIntegerField()),
                    ],
                    options={
                        "db_table": "ledger_event",
                        "indexes": [models.Index(fields=["xid", "id"], name="ledger_event_position")],
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyKey",
                    fields=[
                        ("id", models.UUIDField(default=clarion.records.ids.new_id, primary_key=True, serialize=False)),
                        ("caller_id", models.UUIDField()),
                        ("key", models.TextField()),
                        ("request_hash", models.BinaryField(max_length=32)),
                        ("status", models.SmallIntegerField()),
                        ("answer", models.BinaryField()),
                    ],
                    options={
                        "db_table": "ledger_idempotency",
                        "indexes": [models.Index(fields=["caller_id", "key"], name="ledger_idempotency_key")],
                    },
                ),
                migrations.CreateModel(
                    name="Notification",
                    fields=[
                        ("id", models.UUIDField(default=clarion.records.ids.new_id, primary_key=True, serialize=False)),
                        ("request_id", models.UUIDField()),
                        ("user_id", models.UUIDField()),
                        ("channel", models.TextField()),
                        ("category_id", models.IntegerField()),
                        ("template_id", models.UUIDField(null=True)),
                        ("version_id", models.UUIDField(null=True)),
                        ("priority", models.SmallIntegerField()),
                        ("status", models.TextField()),
                        ("reason", models.TextField(blank=True, default="")),
                        ("caller_kind", models.TextField()),
                        ("caller_id", models.UUIDField()),
                        ("reference", models.TextField(blank=True, default="")),
                        ("bypass", models.BooleanField(default=False)),
                        ("context_sealed", models.BinaryField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("scheduled_at", models.DateTimeField(null=True)),
                        ("expires_at", models.DateTimeField(null=True)),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("delivered_at", models.DateTimeField(null=True)),
                        ("read_at", models.DateTimeField(null=True)),
                        ("ended_at", models.DateTimeField(null=True)),
                        ("account", models.TextField(blank=True, default="")),
                        ("remote_id", models.TextField(blank=True, default="")),
                    ],
                    options={
                        "db_table": "ledger_notification",
                        "indexes": [
                            models.Index(fields=["user_id", "-id"], name="ledger_notification_user"),
                            models.Index(fields=["request_id"], name="ledger_notification_request"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="QueueEntry",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("lane", models.TextField()),
                        ("priority", models.SmallIntegerField()),
                        ("due_at", models.DateTimeField()),
                        ("attempts", models.SmallIntegerField(default=0)),
                        ("replayed_after", models.SmallIntegerField(default=0)),
                        ("lease", models.BigIntegerField(null=True)),
                        ("lease_until", models.DateTimeField(null=True)),
                        ("caller_id", models.UUIDField()),
                    ],
                    options={
                        "db_table": "ledger_queue",
                        "indexes": [models.Index(fields=["lane", "priority", "due_at"], name="ledger_queue_due")],
                    },
                ),
            ],
        ),
        migrations.RunPython(first_partitions, migrations.RunPython.noop),
    ]
