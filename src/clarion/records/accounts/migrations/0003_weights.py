"""How accounts of one position share the work, from the URL and as staff set it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_what_staff_set")]

    operations = [
        migrations.AddField("account", "weight", models.SmallIntegerField(default=1)),
        migrations.AddField("account", "set_weight", models.SmallIntegerField(null=True)),
    ]
