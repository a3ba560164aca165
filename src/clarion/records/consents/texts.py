"""The words that people agree to: drafted, published, and which version stands now."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from clarion.contract.input_error import InputError
from clarion.records.consents.models import Text

DEFAULT_LOCALE = "en"


def draft(purpose: str, locale: str, text: str, version: int | None) -> Text:
    """Store words that nobody is shown yet. `version` None: the one after the latest published, so that its languages
    come to stand side by side. Raises InputError 409 when the version has this language already, or is published."""
    try:
        with transaction.atomic():
            published = _latest(purpose, published=True)
            number = version or published + 1
            if number <= published:
                raise InputError(
                    "version_published",
                    f"version {number} is older than what is published; leave `version` out for a new one",
                    pointer="/version",
                    status=409,
                )
            return Text.objects.create(purpose=purpose, version=number, locale=locale, text=text)
    except IntegrityError as error:
        raise InputError(
            "version_exists",
            "this version has a text in this language; change it with PATCH",
            pointer="/locale",
            status=409,
        ) from error


def change(identifier: UUID, text: str) -> Text | None:
    """Change a draft; None when there is no such text. Raises InputError 409 when it is published."""
    with transaction.atomic():
        row = Text.objects.select_for_update().filter(pk=identifier).first()
        if row is None:
            return None
        if row.published_at is not None:
            raise InputError("text_published", "a published text never changes: make a new version", status=409)
        row.text = text
        row.save(update_fields=["text"])
        return row


def publish(identifier: UUID, now: datetime) -> Text | None:
    """Publish a version in all its languages at once; None when there is no such text. Again: nothing changes."""
    with transaction.atomic():
        row = Text.objects.select_for_update().filter(pk=identifier).first()
        if row is None:
            return None
        drafts = Text.objects.filter(purpose=row.purpose, version=row.version, published_at=None)
        drafts.update(published_at=now)
        row.refresh_from_db()
        return row


def current(purpose: str) -> int | None:
    """The version that stands now; None where no words are published."""
    return _latest(purpose, published=True) or None


def _latest(purpose: str, *, published: bool) -> int:
    rows = Text.objects.filter(purpose=purpose, published_at__isnull=not published)
    return rows.aggregate(highest=Max("version"))["highest"] or 0


def shown(purpose: str, locale: str) -> Text | None:
    """The words that stand now, in the best language there is."""
    version = current(purpose)
    if version is None:
        return None
    rows = {row.locale: row for row in Text.objects.filter(purpose=purpose, version=version)}
    language = locale.partition("-")[0]
    wanted = (locale, language, DEFAULT_LOCALE)
    return next((rows[name] for name in wanted if name in rows), next(iter(rows.values()), None))


def checked_version(purpose: str, version: int | None, pointer: str = "/text_version") -> int | None:
    """The version that was agreed to: the one given, which must be published, else the one that stands now."""
    if version is None:
        return current(purpose)
    if (purpose, version) not in published():
        raise unknown_version(pointer)
    return version


def published() -> set[tuple[str, int]]:
    """Every purpose and version that people could agree to."""
    rows = Text.objects.filter(published_at__isnull=False)
    return set(rows.values_list("purpose", "version").distinct())


def unknown_version(pointer: str) -> InputError:
    """The refusal of a version that nobody could agree to."""
    return InputError("unknown_text_version", "no text of this version is published for it", pointer=pointer)
