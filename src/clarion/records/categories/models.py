"""Categories: what a notification is about. Transactional or marketing; essential ones pass every switch."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Kind(models.TextChoices):
    """Marketing needs consent and can be switched off as a whole; transactional cannot."""

    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class Category(models.Model):
    """Addressed by key or by its integer id. `default_priority` 1–4."""

    id = models.AutoField(primary_key=True)
    key = models.SlugField(max_length=64, unique=True)
    name = models.TextField()
    kind = models.TextField(choices=Kind, default=Kind.TRANSACTIONAL)
    essential = models.BooleanField(default=False)
    default_priority = models.SmallIntegerField(default=3)
    default_channels = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "categories_category"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(default_priority__range=(1, 4)), name="category_priority_range")
        ]

    def __str__(self) -> str:
        return self.key
