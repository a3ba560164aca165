"""How many segments a text message came to, and what it cost as far as the provider says."""

from django.db import migrations, models

FORWARD = """
ALTER TABLE ledger_attempt ADD COLUMN segments smallint, ADD COLUMN price text NOT NULL DEFAULT '';
"""
BACK = """
ALTER TABLE ledger_attempt DROP COLUMN segments, DROP COLUMN price;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_awaited_answers_and_fallback")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACK)],
            state_operations=[
                migrations.AddField("attempt", "segments", models.SmallIntegerField(null=True)),
                migrations.AddField("attempt", "price", models.TextField(blank=True, default="")),
            ],
        ),
    ]
