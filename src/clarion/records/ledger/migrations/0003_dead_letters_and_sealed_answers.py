"""A table of dead letters (what lists and filters are made from), sealed answers under idempotency keys, and when a
queue entry was put back by a replay.

Answers that were pinned in the clear go: within a day of the migration a key may be used a second time.
"""

from django.db import migrations, models

FORWARD = """
ALTER TABLE ledger_queue ADD COLUMN replayed_at timestamptz;

DELETE FROM ledger_idempotency;
ALTER TABLE ledger_idempotency RENAME COLUMN answer TO answer_sealed;

CREATE TABLE ledger_dead_letter (
    id uuid PRIMARY KEY,
    channel text NOT NULL,
    reason text NOT NULL,
    category_id integer NOT NULL,
    template_id uuid,
    died_at timestamptz NOT NULL
);
CREATE INDEX ledger_dead_letter_reason ON ledger_dead_letter (channel, reason, id);
INSERT INTO ledger_dead_letter (id, channel, reason, category_id, template_id, died_at)
SELECT id, channel, reason, category_id, template_id, coalesce(ended_at, created_at)
FROM ledger_notification WHERE status = 'failed';
"""
BACK = """
DROP TABLE ledger_dead_letter;
DELETE FROM ledger_idempotency;
ALTER TABLE ledger_idempotency RENAME COLUMN answer_sealed TO answer;
ALTER TABLE ledger_queue DROP COLUMN replayed_at;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_bulk_and_fairness")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACK)],
            state_operations=[
                migrations.AddField("queueentry", "replayed_at", models.DateTimeField(null=True)),
                migrations.RenameField("idempotencykey", "answer", "answer_sealed"),
                migrations.CreateModel(
                    name="DeadLetter",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("channel", models.TextField()),
                        ("reason", models.TextField()),
                        ("category_id", models.IntegerField()),
                        ("template_id", models.UUIDField(null=True)),
                        ("died_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "ledger_dead_letter",
                        "indexes": [models.Index(fields=["channel", "reason", "id"], name="ledger_dead_letter_reason")],
                    },
                ),
            ],
        ),
    ]
