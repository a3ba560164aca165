"""Storing and taking pages of uploads. Call within the transaction that the job's counts move in."""

from uuid import UUID

from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring
from clarion.records.uploads.models import UploadPage


def add(job_id: UUID, number: int, content: bytes) -> None:
    """Keep a page."""
    row = UploadPage(job_id=job_id, number=number)
    row.content_sealed = ring().seal(content, place_of("uploads_page", row.id, "content_sealed"))
    row.save(force_insert=True)


def take(job_id: UUID) -> tuple[int, bytes] | None:
    """The first page there is, taken out; its number and content. None: no page is left. Raises Undecryptable."""
    row = UploadPage.objects.filter(job_id=job_id).order_by("number").first()
    if row is None:
        return None
    content = ring().open(bytes(row.content_sealed), place_of("uploads_page", row.id, "content_sealed"))
    row.delete()
    return row.number, content


def drop(job_id: UUID) -> None:
    """Forget what was not taken in (the job was cancelled)."""
    UploadPage.objects.filter(job_id=job_id).delete()
