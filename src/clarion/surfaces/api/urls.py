"""Routes under /api/v1/, each with and without its trailing slash."""

from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularAPIView

from clarion.surfaces.api import (
    api_keys,
    auth,
    bulk,
    categories,
    dead_letters,
    explain,
    health,
    inbox,
    notifications,
    passwords,
    preferences,
    providers,
    reach,
    templates,
    users,
)
from clarion.surfaces.api.docs import DocsView
from clarion.surfaces.api.endpoint import Endpoint

ROUTES: dict[str, type[Endpoint]] = {
    "auth/register": auth.RegisterView,
    "auth/login": auth.LoginView,
    "auth/refresh": auth.RefreshView,
    "auth/password": passwords.PasswordView,
    "api-keys": api_keys.ApiKeysView,
    "api-keys/<uuid:id>": api_keys.ApiKeyView,
    "api-keys/<uuid:id>/rotate": api_keys.RotateKeyView,
    "me": users.MeView,
    "users": users.UsersView,
    "users/bulk": users.BulkUsersView,
    "users/<uuid:id>": users.UserView,
    "users/<uuid:user_id>/devices": reach.DevicesView,
    "users/<uuid:user_id>/devices/<uuid:id>": reach.DeviceView,
    "users/<uuid:user_id>/endpoints": reach.EndpointsView,
    "users/<uuid:user_id>/endpoints/<uuid:id>": reach.EndpointView,
    "users/<uuid:user_id>/preferences": preferences.UserPreferencesView,
    "preferences": preferences.PreferencesView,
    "categories": categories.CategoriesView,
    "categories/<int:id>": categories.CategoryView,
    "templates": templates.TemplatesView,
    "templates/validate": templates.ValidateDraftView,
    "templates/<uuid:id>": templates.TemplateView,
    "templates/<uuid:id>/versions": templates.VersionsView,
    "templates/<uuid:id>/validate": templates.ValidateView,
    "notifications": notifications.NotificationsView,
    "notifications/send": notifications.SendView,
    "notifications/bulk": bulk.BulkView,
    "notifications/bulk/send": bulk.BulkView,
    "notifications/bulk/<uuid:id>": bulk.JobView,
    "notifications/bulk/<uuid:id>/cancel": bulk.CancelJobView,
    "notifications/test": notifications.TestSendView,
    "notifications/explain": explain.ForecastView,
    "notifications/<uuid:id>/explain": explain.ExplainView,
    "notifications/<uuid:id>": notifications.NotificationView,
    "notifications/<uuid:id>/status": notifications.StatusView,
    "notifications/<uuid:id>/cancel": notifications.CancelView,
    "notifications/unread": inbox.UnreadView,
    "notifications/<uuid:id>/read": inbox.ReadView,
    "inbox": inbox.InboxView,
    "inbox/unread-count": inbox.UnreadView,
    "inbox/read-all": inbox.ReadAllView,
    "inbox/<uuid:id>/read": inbox.ReadView,
    "inbox/<uuid:id>/dismiss": inbox.DismissView,
    "dead-letters": dead_letters.DeadLettersView,
    "dead-letters/replay": dead_letters.ReplayManyView,
    "dead-letters/discard": dead_letters.DiscardManyView,
    "dead-letters/<uuid:id>": dead_letters.DeadLetterView,
    "dead-letters/<uuid:id>/replay": dead_letters.ReplayView,
    "dead-letters/<uuid:id>/discard": dead_letters.DiscardView,
    "providers": providers.ProvidersView,
    "providers/<str:name>": providers.ProviderView,
    "providers/<str:name>/pause": providers.PauseView,
    "providers/<str:name>/resume": providers.ResumeView,
    "providers/<str:name>/probe": providers.ProbeView,
    "core/health": health.HealthView,
}


def _both(route: str, view: type[Endpoint]) -> list[URLPattern]:
    handler = view.as_view()
    return [path(route, handler), path(f"{route}/", handler)]


urlpatterns = [
    *(pattern for route, view in ROUTES.items() for pattern in _both(route, view)),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("schema/", SpectacularAPIView.as_view()),
    path("docs", DocsView.as_view(url_name="schema"), name="docs"),
    path("docs/", DocsView.as_view(url_name="schema")),
]
