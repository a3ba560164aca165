"""The day's spend on text messages, by country."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="SmsSpend",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day", "country", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("country", models.TextField()),
                ("messages", models.BigIntegerField(default=0)),
                ("segments", models.BigIntegerField(default=0)),
                ("cost_micro", models.BigIntegerField(default=0)),
            ],
            options={"db_table": "sms_spend"},
        ),
    ]
