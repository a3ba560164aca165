"""A category's own chain of channels."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("categories", "0004_unclear")]

    operations = [migrations.AddField("category", "fallback", models.JSONField(default=dict))]
