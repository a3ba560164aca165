"""Pages of uploaded recipients."""

from django.db import migrations, models

from clarion.records.ids import new_id


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="UploadPage",
            fields=[
                ("id", models.UUIDField(default=new_id, primary_key=True, serialize=False)),
                ("job_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("content_sealed", models.BinaryField()),
            ],
            options={"db_table": "uploads_page"},
        ),
        migrations.AddConstraint(
            "uploadpage", models.UniqueConstraint(fields=["job_id", "number"], name="one_upload_page")
        ),
    ]
