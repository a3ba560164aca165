"""How a category groups bursts."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("categories", "0005_fallback")]

    operations = [
        migrations.AddField("category", "group_above", models.IntegerField(default=0)),
        migrations.AddField("category", "group_window_seconds", models.IntegerField(default=3600)),
        migrations.AddField("category", "group_channels", ArrayField(models.TextField(), default=list)),
        migrations.AddField("category", "group_template", models.TextField(blank=True, default="")),
    ]
