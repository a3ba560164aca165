"""Who agreed to what, when, how, and to which words. The current state is in records/preferences; this is the proof."""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id


class Record(models.Model):
    """One answer of one person. Append-only: the database refuses to change a row, and to delete one but in the erasure
    of its person (`history.erase`). No foreign key, for the proof outlives the row of the person.

    `at` is when the person answered, which an import may say; the id tells when it was written down. `actor` is who
    wrote it (`user:<id>`, `api_key:<id>`, `provider:<label>`, `system`), `detail` where it was given, never an address.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    purpose = models.TextField()
    given = models.BooleanField()
    source = models.TextField()
    text_version = models.IntegerField(null=True)
    at = models.DateTimeField()
    actor = models.TextField()
    detail = models.TextField(default="", blank=True)

    class Meta:
        db_table = "consents_record"
        indexes: ClassVar = [
            models.Index(fields=["user_id", "id"], name="consents_record_user"),
            models.Index(fields=["user_id", "purpose", "at"], name="consents_record_purpose"),
        ]

    def __str__(self) -> str:
        return f"consent {self.id}"


class Text(models.Model):
    """The words that people agree to, in one language. A version has the same number in all its languages; once
    published it never changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.TextField()
    version = models.IntegerField()
    locale = models.TextField()
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "consents_text"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["purpose", "version", "locale"], name="one_consent_text_per_locale")
        ]

    def __str__(self) -> str:
        return f"consent text {self.purpose}/{self.version} {self.locale}"
