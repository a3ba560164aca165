"""Provider accounts as rows: those named in the environment are mirrored here, so that staff can pause them; others are
added by staff."""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id
from clarion.records.personal.sealed import sealed_text


class Account(models.Model):
    """One account at one provider for one channel. `url_sealed` is write-only; `shown` may be printed. `set_…` is what
    staff set over the configuration, and stays when the environment is mirrored again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.TextField()
    name = models.TextField()
    provider = models.TextField()
    url_sealed = models.BinaryField()
    shown = models.TextField()
    position = models.SmallIntegerField(default=0)
    weight = models.SmallIntegerField(default=1)
    from_environment = models.BooleanField(default=False)
    paused = models.BooleanField(default=False)
    set_rate = models.TextField(default="", blank=True)
    set_burst = models.IntegerField(null=True)
    set_position = models.SmallIntegerField(null=True)
    set_weight = models.SmallIntegerField(null=True)
    fault = models.TextField(default="", blank=True)
    fault_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "accounts_account"
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "name"], name="one_account_name")]

    url = sealed_text("url_sealed")

    def __str__(self) -> str:
        return f"{self.channel} {self.name}"
