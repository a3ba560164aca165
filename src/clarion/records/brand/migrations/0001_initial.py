"""The brand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="BrandSettings",
            fields=[
                ("id", models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("name", models.TextField(blank=True, default="")),
                ("logo_url", models.TextField(blank=True, default="")),
                ("logo_alt", models.TextField(blank=True, default="")),
                ("color", models.TextField(blank=True, default="")),
                ("address", models.TextField(blank=True, default="")),
                ("support_email", models.TextField(blank=True, default="")),
                ("support_url", models.TextField(blank=True, default="")),
                ("social", models.JSONField(blank=True, default=list)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "brand_settings",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_brand")],
            },
        ),
    ]
