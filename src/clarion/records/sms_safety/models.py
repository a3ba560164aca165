"""What was spent on text messages, by day (UTC) and country. A few rows a day; kept."""

from django.db import models


class SmsSpend(models.Model):
    """Counted before sending, by our own count of segments and CLARION_SMS_PRICES; what a provider did not take was
    given back. `country` is ISO 3166, `ZZ` where the number tells none."""

    pk = models.CompositePrimaryKey("day", "country")
    day = models.DateField()
    country = models.TextField()
    messages = models.BigIntegerField(default=0)
    segments = models.BigIntegerField(default=0)
    cost_micro = models.BigIntegerField(default=0)

    class Meta:
        db_table = "sms_spend"

    def __str__(self) -> str:
        return f"{self.country} {self.day}"
