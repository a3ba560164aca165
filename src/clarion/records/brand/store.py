"""Reading and writing the brand: one row."""

from dataclasses import asdict

from clarion.records.brand.models import ONLY, BrandSettings
from clarion.records.brand.values import LIMITS, Brand, SocialLink, check


def read() -> Brand:
    """What is set; an empty brand where nothing is."""
    row = BrandSettings.objects.filter(pk=ONLY).first()
    if row is None:
        return Brand()
    texts = {name: getattr(row, name) for name in LIMITS}
    return Brand(**texts, social=tuple(SocialLink(name=each["name"], url=each["url"]) for each in row.social))


def write(brand: Brand) -> None:
    """Replace what is set. Raises InputError."""
    check(brand)
    BrandSettings.objects.update_or_create(
        pk=ONLY, defaults={**{name: getattr(brand, name) for name in LIMITS}, "social": asdict(brand)["social"]}
    )
