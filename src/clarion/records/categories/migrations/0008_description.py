from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("categories", "0007_wishes_and_caps")]
    operations = [
        migrations.AddField("category", "description", models.TextField(blank=True, db_default="", default="")),
    ]
