"""Templates, their immutable versions and the content per channel and locale. Rendering is in templating/engine."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from clarion.records.ids import new_id


class VersionState(models.TextChoices):
    """A version is edited as a draft, sent from while published, kept for the record as archived."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Template(models.Model):
    """Addressed by a dotted path, which may hold `*` for one segment. `fallback` is records/categories/chain.py's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    path = models.TextField(unique=True)
    name = models.TextField()
    category = models.ForeignKey("categories.Category", on_delete=models.PROTECT, related_name="+")
    channels = ArrayField(models.TextField())
    required_variables = ArrayField(models.TextField(), default=list)
    optional_variables = ArrayField(models.TextField(), default=list)
    default_priority = models.SmallIntegerField(default=3)
    fallback = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    current_version = models.ForeignKey(
        "TemplateVersion", null=True, on_delete=models.PROTECT, related_name="current_of"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "templating_template"

    def __str__(self) -> str:
        return self.path


class TemplateVersion(models.Model):
    """Immutable once published; a notification names the version it was accepted with."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    state = models.TextField(choices=VersionState, default=VersionState.PUBLISHED)
    author_id = models.UUIDField(null=True)
    note = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "templating_version"
        constraints: ClassVar = [models.UniqueConstraint(fields=["template", "number"], name="one_number_per_template")]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.number}"


class TemplateContent(models.Model):
    """The fields of one channel in one locale (`""` is the default locale); field names are the channel's."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(TemplateVersion, on_delete=models.CASCADE, related_name="contents")
    channel = models.TextField()
    locale = models.TextField(default="", blank=True)
    fields = models.JSONField()

    class Meta:
        db_table = "templating_content"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "channel", "locale"], name="one_content_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.channel} {self.locale or 'default'}"
