"""What a group heeds of all its items, and a window that is ended in pages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("digests", "0001_initial")]

    operations = [
        migrations.AddField("window", "told_at", models.DateTimeField(null=True)),
        migrations.AddField("window", "group_id", models.UUIDField(null=True)),
        migrations.AddField("item", "track_opens", models.BooleanField(default=True, db_default=True)),
        migrations.AddField("item", "track_clicks", models.BooleanField(default=True, db_default=True)),
    ]
