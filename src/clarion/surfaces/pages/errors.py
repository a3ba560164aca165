"""What is not there: problem+json under the API, a plain page elsewhere."""

from django.http import HttpRequest, HttpResponse

from clarion.surfaces.api.problems import not_found as api_not_found


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 in the form that fits the path."""
    if request.path.startswith("/api/"):
        return api_not_found(request, exception)
    return HttpResponse(
        "There is nothing here. The API is under /api/v1/docs.\n", status=404, content_type="text/plain"
    )
