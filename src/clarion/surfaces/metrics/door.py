"""`GET /metrics` in Prometheus' text format, and who may read it. Not part of the API's document, like /livez."""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from clarion.records.access.permissions import Permission
from clarion.surfaces.api.authentication import authenticate
from clarion.surfaces.api.problems import Refusal, as_refusal, problem_response
from clarion.surfaces.metrics.families import Figures
from clarion.surfaces.metrics.snapshot import current, suppressed

# A proxy on this machine would make everybody's request come from here.
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of this moment, two seconds old at most while reading them is cheap."""
    if not settings.METRICS_ENABLED:
        raise Http404
    try:
        _authorise(request)
        text = generate_latest(Figures(current.get().value, suppressed.get().value))
    except (Refusal, OperationalError, InterfaceError) as error:
        refusal = as_refusal(error)
        if refusal is None:
            raise
        return problem_response(request, refusal)
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _authorise(request: HttpRequest) -> None:
    """Raise Refusal unless the caller may see figures, or sits at this machine of a trial."""
    if settings.METRICS_OPEN and _is_from_here(request):
        return
    if not authenticate(request).may(Permission.ANALYTICS):
        raise Refusal(403, "permission_denied", f"this needs the permission '{Permission.ANALYTICS}'")


def _is_from_here(request: HttpRequest) -> bool:
    if any(name in request.META for name in _FORWARDED):
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
