"""A template's own chain of channels."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("templating", "0001_initial")]

    operations = [migrations.AddField("template", "fallback", models.JSONField(default=dict))]
