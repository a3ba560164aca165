"""One row of what staff set. It is about a company, not a person: nothing is sealed."""

from typing import ClassVar

from django.db import models

ONLY = 1


class BrandSettings(models.Model):
    """Empty texts mean: as the deployment has it. `social` is a list of {name, url}."""

    id = models.SmallIntegerField(primary_key=True, default=ONLY, editable=False)
    name = models.TextField(default="", blank=True)
    logo_url = models.TextField(default="", blank=True)
    logo_alt = models.TextField(default="", blank=True)
    color = models.TextField(default="", blank=True)
    address = models.TextField(default="", blank=True)
    support_email = models.TextField(default="", blank=True)
    support_url = models.TextField(default="", blank=True)
    social = models.JSONField(default=list, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "brand_settings"
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=ONLY), name="one_brand")]

    def __str__(self) -> str:
        return self.name or "brand"
