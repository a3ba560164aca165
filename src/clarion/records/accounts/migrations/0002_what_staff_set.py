"""What staff set over the configuration: rate, burst and place in the order of preference."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField("account", "set_rate", models.TextField(blank=True, default="")),
        migrations.AddField("account", "set_burst", models.IntegerField(null=True)),
        migrations.AddField("account", "set_position", models.SmallIntegerField(null=True)),
    ]
