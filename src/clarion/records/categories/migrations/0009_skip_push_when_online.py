"""A category may leave push out for people who are online."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("categories", "0008_description")]
    operations = [
        migrations.AddField(
            model_name="category",
            name="skip_push_when_online",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
