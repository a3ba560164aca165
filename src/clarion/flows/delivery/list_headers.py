"""`List-Unsubscribe` and `List-Unsubscribe-Post` (RFC 2369, RFC 8058) on marketing mail and on digests; on nothing
else, for what belongs to a person's account is not to be stopped from a mail program.

The address is posted to by mail programs, without a login. RFC 8058 wants it to be https, so without that the second
header stays away, but on a trial installation, where people look at it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from django.conf import settings

from clarion.contract.content import Content, EmailContent
from clarion.flows.delivery.digest_template import DIGEST
from clarion.flows.delivery.work import Work
from clarion.records.preferences import links
from clarion.records.preferences.links import Scope

UNSUBSCRIBE, POST = "List-Unsubscribe", "List-Unsubscribe-Post"
ONE_CLICK = "List-Unsubscribe=One-Click"


def with_unsubscribe(work: Work, content: Content, now: datetime) -> Content:
    """The content with the headers, where it is a mail that may be stopped so."""
    if not isinstance(content, EmailContent) or work.category.essential or UNSUBSCRIBE in content.headers:
        return content
    if work.payload is not None and DIGEST in work.payload:
        token = links.scoped_token(work.user_id, Scope.DIGEST, now)
    elif work.category.marketing:
        token = links.unsubscribe_token(work.user_id, work.category.id, work.channel, now)
    else:
        return content
    return replace(content, headers={**content.headers, **headers_for(token)})


def headers_for(token: str) -> Mapping[str, str]:
    """The headers for a token."""
    ways = f"<{links.one_click(token)}>"
    if settings.UNSUBSCRIBE_MAILTO:
        ways += f", <mailto:{quote(settings.UNSUBSCRIBE_MAILTO, safe='@')}?subject={token}>"
    if not (settings.PUBLIC_URL.startswith("https://") or settings.TRIAL):
        return {UNSUBSCRIBE: ways}
    return {UNSUBSCRIBE: ways, POST: ONE_CLICK}
