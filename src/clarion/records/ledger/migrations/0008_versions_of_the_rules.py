"""The version of the rules that each decision was made by."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_references")]

    operations = [migrations.AddField("decision", "rules", models.SmallIntegerField(default=0, db_default=0))]
