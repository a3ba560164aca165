"""Uploaded recipients that no worker has taken in yet: pages of a job, in order. A small table: a page leaves in the
transaction that stores its notifications."""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id


class UploadPage(models.Model):
    """Some 2,000 recipients of a job. What is in a page is flows/ingest/uploads.py's; it is sealed, for it may hold
    what was written to each."""

    id = models.UUIDField(primary_key=True, default=new_id)
    job_id = models.UUIDField()
    number = models.IntegerField()
    content_sealed = models.BinaryField()

    class Meta:
        db_table = "uploads_page"
        constraints: ClassVar = [models.UniqueConstraint(fields=["job_id", "number"], name="one_upload_page")]

    def __str__(self) -> str:
        return f"page {self.number} of {self.job_id}"
