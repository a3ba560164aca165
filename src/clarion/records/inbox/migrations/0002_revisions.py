"""Every change of an inbox gets a number, so that a client that was away learns of marks as well as of new items."""

from django.db import migrations, models

# what is there counts as told in the order it came
CHANGES = """
ALTER TABLE inbox_counter ADD COLUMN last_rev bigint NOT NULL DEFAULT 0, ADD COLUMN unseen integer NOT NULL DEFAULT 0;
UPDATE inbox_counter SET last_rev = last_seq;
ALTER TABLE inbox_item ADD COLUMN rev bigint NOT NULL DEFAULT 0, ADD COLUMN born_rev bigint NOT NULL DEFAULT 0,
    ADD COLUMN seen_at timestamptz, ADD COLUMN archived_at timestamptz, ADD COLUMN snoozed_until timestamptz,
    ADD COLUMN recalled_at timestamptz;
UPDATE inbox_item SET rev = seq, born_rev = seq, seen_at = created_at;
CREATE INDEX inbox_item_rev ON inbox_item (user_id, rev, seq);
CREATE INDEX inbox_item_snoozed ON inbox_item (snoozed_until) WHERE snoozed_until IS NOT NULL;
"""
BACK = """
DROP INDEX inbox_item_rev; DROP INDEX inbox_item_snoozed;
ALTER TABLE inbox_item DROP COLUMN rev, DROP COLUMN born_rev, DROP COLUMN seen_at, DROP COLUMN archived_at,
    DROP COLUMN snoozed_until, DROP COLUMN recalled_at;
ALTER TABLE inbox_counter DROP COLUMN last_rev, DROP COLUMN unseen;
"""


def _added(model: str, name: str, field: models.Field) -> migrations.AddField:  # type: ignore[type-arg]
    return migrations.AddField(model, name, field)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CHANGES, BACK)],
            state_operations=[
                _added("inboxcounter", "last_rev", models.BigIntegerField(default=0)),
                _added("inboxcounter", "unseen", models.IntegerField(default=0)),
                _added("inboxitem", "rev", models.BigIntegerField(default=0)),
                _added("inboxitem", "born_rev", models.BigIntegerField(default=0)),
                _added("inboxitem", "seen_at", models.DateTimeField(null=True)),
                _added("inboxitem", "archived_at", models.DateTimeField(null=True)),
                _added("inboxitem", "snoozed_until", models.DateTimeField(null=True)),
                _added("inboxitem", "recalled_at", models.DateTimeField(null=True)),
                migrations.AddIndex("inboxitem", models.Index(fields=["user_id", "rev", "seq"], name="inbox_item_rev")),
                migrations.AddIndex(
                    "inboxitem",
                    models.Index(
                        fields=["snoozed_until"],
                        condition=models.Q(snoozed_until__isnull=False),
                        name="inbox_item_snoozed",
                    ),
                ),
            ],
        ),
    ]
