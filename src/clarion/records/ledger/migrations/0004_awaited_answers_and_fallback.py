"""Queue entries that were handed to a provider or are held for an answer; and when chains of channels go on."""

from django.db import migrations, models

FORWARD = """
ALTER TABLE ledger_queue ADD COLUMN handed_over boolean NOT NULL DEFAULT false,
    ADD COLUMN awaits boolean NOT NULL DEFAULT false;

CREATE TABLE ledger_fallback (
    id uuid PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE INDEX ledger_fallback_due ON ledger_fallback (due_at);
"""
BACK = """
DROP TABLE ledger_fallback;
ALTER TABLE ledger_queue DROP COLUMN handed_over, DROP COLUMN awaits;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_dead_letters_and_sealed_answers")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACK)],
            state_operations=[
                migrations.AddField("queueentry", "handed_over", models.BooleanField(default=False)),
                migrations.AddField("queueentry", "awaits", models.BooleanField(default=False)),
                migrations.CreateModel(
                    name="FallbackTimer",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("due_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "ledger_fallback",
                        "indexes": [models.Index(fields=["due_at"], name="ledger_fallback_due")],
                    },
                ),
            ],
        ),
    ]
