"""Items may be listed as groups, and have actions."""

from django.db import migrations, models

COLUMNS = "ADD COLUMN group_key text NOT NULL DEFAULT '', ADD COLUMN acted text NOT NULL DEFAULT ''"


class Migration(migrations.Migration):
    dependencies = [("inbox", "0002_revisions")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"ALTER TABLE inbox_item {COLUMNS}",
                    "ALTER TABLE inbox_item DROP COLUMN group_key, DROP COLUMN acted",
                )
            ],
            state_operations=[
                migrations.AddField("inboxitem", "group_key", models.TextField(blank=True, default="")),
                migrations.AddField("inboxitem", "acted", models.TextField(blank=True, default="")),
            ],
        ),
    ]
