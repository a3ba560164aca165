"""Limits of a category: for one person, and for all together."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("categories", "0002_windows_and_patience")]

    operations = [
        migrations.AddField("category", "user_limit", models.TextField(blank=True, default="")),
        migrations.AddField("category", "rate", models.TextField(blank=True, default="")),
    ]
