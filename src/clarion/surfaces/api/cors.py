"""Which pages of other origins may call what: those of CLARION_CORS_ORIGINS, what `<clarion-inbox>` needs. No cookies.

A token is asked for as everywhere; this only lets a browser hand over the answer.
"""

import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

UUID = "[0-9a-f-]{36}"
OPEN = (
    (re.compile(r"/api/v1/inbox(/[^/]+){0,3}/?"), "GET, POST, DELETE"),
    (re.compile(r"/api/v1/preferences/?"), "GET, PATCH"),
    (re.compile(r"/api/v1/ws/tickets/?"), "POST"),
    (re.compile(r"/api/v1/(push/webpush-key|categories|me)/?"), "GET"),
    (re.compile(rf"/api/v1/users/{UUID}/devices(/{UUID})?/?"), "POST, DELETE"),
)
HEADERS = "Authorization, Content-Type, If-Match"
REMEMBER_SECONDS = "600"


class CorsMiddleware:
    """Answers preflights and names the origin in answers; without the setting it is not there at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.CORS_ORIGINS:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        methods = next((allowed for path, allowed in OPEN if path.fullmatch(request.path)), None)
        if methods is None:
            return self.get_response(request)
        origin = request.headers.get("Origin", "")
        is_known = origin in settings.CORS_ORIGINS
        asked = request.headers.get("Access-Control-Request-Method", "")
        if request.method == "OPTIONS" and asked:
            response = HttpResponse(status=204 if is_known else 403)
            if is_known:
                response["Access-Control-Allow-Methods"] = methods
                response["Access-Control-Allow-Headers"] = HEADERS
                response["Access-Control-Max-Age"] = REMEMBER_SECONDS
        else:
            response = self.get_response(request)
        if is_known:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = "ETag, Retry-After"
        response["Vary"] = ", ".join(filter(None, [response.get("Vary", ""), "Origin"]))
        return response
