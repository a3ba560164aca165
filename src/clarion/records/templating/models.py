"""Templates, their immutable versions and the content per channel and locale. Rendering is in templating/engine."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from clarion.records.ids import new_id


class VersionState(models.TextChoices):
    """A version waits as a draft, is sent from while published, and is kept for the record as archived: what was
    accepted with it is still delivered with it. At most one version of a template is a draft, one published."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Template(models.Model):
    """Addressed by a dotted path, which may hold `*` for one segment. `fallback` is records/categories/chain.py's.

    Its columns are those of the version in force (`TemplateVersion.settings`), so that ingest and lists need no join;
    of a template that was never published, those of its first draft. `active` alone belongs to no version.
    `publish_threshold`: percent; none: the deployment's. `locales`: those wanted; empty: the deployment's.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    path = models.TextField(unique=True)
    name = models.TextField()
    category = models.ForeignKey("categories.Category", on_delete=models.PROTECT, related_name="+")
    channels = ArrayField(models.TextField())
    required_variables = ArrayField(models.TextField(), default=list)
    optional_variables = ArrayField(models.TextField(), default=list)
    default_priority = models.SmallIntegerField(default=3)
    fallback = models.JSONField(default=dict)
    schema = models.JSONField(default=dict, db_default={})
    sample_context = models.JSONField(default=dict, db_default={})
    theme = models.TextField(default="", db_default="", blank=True)
    locales = ArrayField(models.TextField(), default=list, db_default=[])
    publish_threshold = models.SmallIntegerField(null=True)
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
    """Immutable but for its state; a notification names the version it was accepted with.

    `settings` is everything of the template but its content as this version has it (versions.py); none: from before
    versions held it. `based_on` is the number that was in force when the draft was saved (0: none), `restored_from` the
    number whose content a rollback brought back.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    state = models.TextField(choices=VersionState, default=VersionState.PUBLISHED)
    settings = models.JSONField(null=True)
    author_id = models.UUIDField(null=True)
    note = models.TextField(default="", blank=True)
    based_on = models.IntegerField(null=True)
    restored_from = models.IntegerField(null=True)
    publisher_id = models.UUIDField(null=True)
    publish_note = models.TextField(default="", db_default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "templating_version"
        constraints: ClassVar = [models.UniqueConstraint(fields=["template", "number"], name="one_number_per_template")]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.number}"


class TemplateContent(models.Model):
    """The fields of one channel in one locale (`""` is the default locale); field names are the channel's. Never
    changed (a trigger sees to it).

    `fields` is what a person wrote, `prepared` what is compiled and sent (design.prepare); none: the same.
    `made_from` tells of which default a translation was made: field → digest of the default's field (locales.py).
    """

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(TemplateVersion, on_delete=models.CASCADE, related_name="contents")
    channel = models.TextField()
    locale = models.TextField(default="", blank=True)
    fields = models.JSONField()
    prepared = models.JSONField(null=True)
    made_from = models.JSONField(null=True)

    class Meta:
        db_table = "templating_content"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "channel", "locale"], name="one_content_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.channel} {self.locale or 'default'}"


class TemplateChange(models.Model):
    """By which transaction a template was last written or removed; a trigger keeps it. Lets a process that remembers
    100,000 templates read only those that changed since its last look (catalog.py)."""

    template_id = models.UUIDField(primary_key=True)
    path = models.TextField()
    xid = models.BigIntegerField(db_index=True)

    class Meta:
        db_table = "templating_change"

    def __str__(self) -> str:
        return f"{self.template_id} by {self.xid}"
