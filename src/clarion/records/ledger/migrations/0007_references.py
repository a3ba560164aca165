"""Finding a person's reference without reading all that they got; only rows with a reference pay for it."""

from django.db import migrations, models

INDEX = "CREATE INDEX ledger_notification_reference ON ledger_notification (user_id, reference) WHERE reference <> ''"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_attempts_by_remote_id")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(INDEX, "DROP INDEX ledger_notification_reference")],
            state_operations=[
                migrations.AddIndex(
                    model_name="notification",
                    index=models.Index(
                        fields=["user_id", "reference"],
                        name="ledger_notification_reference",
                        condition=~models.Q(reference=""),
                    ),
                ),
            ],
        ),
    ]
