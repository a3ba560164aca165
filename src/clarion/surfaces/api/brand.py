"""The brand: who writes, as the layout of emails shows it."""

from typing import Annotated

import msgspec
import structlog
from msgspec import Meta

from clarion.records.access.permissions import Permission
from clarion.records.brand import store
from clarion.records.brand.values import LIMITS, MOST_SOCIAL, Brand, SocialLink
from clarion.records.templating import brand as shown
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation

log = structlog.get_logger()

Line = Annotated[str, Meta(max_length=100)]
Https = Annotated[str, Meta(max_length=500, examples=["https://example.com/logo.png"])]
Color = Annotated[str, Meta(max_length=7, examples=["#3f51b5"])]
Address = Annotated[str, Meta(max_length=LIMITS["address"], examples=["12 Harbour Street\nNairobi"])]
SupportEmail = Annotated[str, Meta(max_length=254, examples=["help@example.com"])]


class SocialItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of ours elsewhere."""

    name: Annotated[str, Meta(min_length=1, max_length=40, examples=["Instagram"])]
    url: Https


class BrandBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Empty texts: the name is then `CLARION_APP_NAME`, the colour our own, and the rest is not shown. `color` is that
    of templates without a theme. Addresses of pages and of the logo are https."""

    name: Line = ""
    logo_url: Https = ""
    logo_alt: Line = ""
    color: Color = ""
    address: Address = ""
    support_email: SupportEmail = ""
    support_url: Https = ""
    social: Annotated[list[SocialItem], Meta(max_length=MOST_SOCIAL)] = []


class BrandView(Endpoint):
    tag = "brand"

    @operation(permission=Permission.TEMPLATES, answers={200: BrandBody})
    def get(self, call: Call) -> Answer:
        """Show the brand as it is set."""
        return Answer(value=_body(store.read()))

    @operation(permission=Permission.STAFF, body=BrandBody, answers={200: BrandBody})
    def put(self, call: Call) -> Answer:
        """Replace the brand. What is sent from now on shows it, within seconds in all processes."""
        body: BrandBody = call.body
        texts = {name: getattr(body, name).strip() for name in LIMITS}
        brand = Brand(**texts, social=tuple(SocialLink(name=each.name.strip(), url=each.url) for each in body.social))
        store.write(brand)
        shown.forget()
        log.info("brand_changed", by=str(call.caller.id))
        return Answer(value=_body(brand))


def _body(brand: Brand) -> BrandBody:
    social = [SocialItem(name=link.name, url=link.url) for link in brand.social]
    return BrandBody(**{name: getattr(brand, name) for name in LIMITS}, social=social)
