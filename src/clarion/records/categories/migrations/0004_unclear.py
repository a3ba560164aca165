"""What a category wants done when it is unclear whether a message was taken."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("categories", "0003_limits")]

    operations = [
        migrations.AddField(
            "category",
            "unclear",
            models.TextField(blank=True, choices=[("resend", "Resend"), ("hold", "Hold")], default=""),
        ),
    ]
