"""Django's settings, built from the environment. What an operator may choose is in environment.py, not here."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from clarion.config.database import parse_database_url
from clarion.config.environment import (
    ConfigurationError,
    parse_reputation,
    parse_sms_policy,
    parse_user_limits,
    read_environment,
)
from clarion.config.logs import configure_structlog, logging_settings
from clarion.contract.channel import ChannelKey
from clarion.contract.rate import Rate
from clarion.records.access.origins import parse_origins
from clarion.records.categories.policy import Cap
from clarion.records.consents.purposes import parse_required
from clarion.records.preferences.settings import parse_cap_of_user, parse_digest_channels, parse_off
from clarion.records.reputation.rules import Thresholds
from clarion.records.sms_safety.policy import SmsPolicy

try:
    ENV = read_environment()
    DATABASES = {"default": parse_database_url(ENV.database_url or "postgresql:///clarion")}
except ConfigurationError as problem:
    print(f"clarion: the configuration cannot be used:\n{problem}", file=sys.stderr)
    sys.exit(2)

PACKAGE = Path(__file__).resolve().parents[1]

DEBUG = ENV.debug
SECRET_KEY = ENV.secret_key or "unset"
SECRET_KEY_FALLBACKS = [key.strip() for key in ENV.secret_key_fallbacks.split(",") if key.strip()]
APP_NAME = ENV.app_name
PUBLIC_URL = ENV.public_url.rstrip("/")
DEFAULT_LOCALE = ENV.default_locale
TONE = ENV.tone
TEMPLATE_FOUR_EYES = ENV.template_four_eyes == "on"
TEMPLATE_LOCALES = tuple(name.replace("_", "-") for name in ENV.template_locales.split())
TEMPLATE_THRESHOLD = ENV.template_threshold
_PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = [h.strip() for h in ENV.allowed_hosts.split(",") if h.strip()] or (
    [_PUBLIC_HOST, "127.0.0.1", "localhost", "[::1]"] if ENV.embedded or DEBUG else [_PUBLIC_HOST]
)
CORS_ORIGINS: frozenset[str] = parse_origins(ENV.cors_origins)
REDIS_URL = ENV.redis_url
BROKER_URL = ENV.broker_url or ENV.redis_url
ENCRYPTION_KEYS = ENV.encryption_keys
JWT_KEY = ENV.jwt_key
RETENTION_DAYS = ENV.retention_days
CONSENT_REQUIRED: frozenset[str] = parse_required(ENV.consent)
UNSUBSCRIBE_MAILTO = ENV.unsubscribe_mailto
SMS_POLICY: SmsPolicy = parse_sms_policy(ENV)
REPUTATION: Thresholds | None = parse_reputation(ENV.reputation)
PREFERENCES_OFF: frozenset[str] = parse_off(ENV.preferences_off)
USER_CAP: Cap = parse_cap_of_user(ENV.user_cap)
DIGEST_CHANNELS: frozenset[str] = parse_digest_channels(ENV.digest_channels)
DIGEST_TEMPLATE = ENV.digest_template
USER_LIMITS: dict[ChannelKey, Rate] = parse_user_limits(ENV.user_limits)
JWT_ALGORITHM = ENV.jwt_algorithm
OUTBOX_OPEN = ENV.outbox == "auto" and (ENV.embedded or DEBUG)
OUTBOX_ENABLED = OUTBOX_OPEN or ENV.outbox == "on"
TRIAL = ENV.embedded or DEBUG
METRICS_ENABLED = ENV.metrics != "off"
METRICS_OPEN = ENV.metrics == "auto" and TRIAL
REGISTRATION_OPEN = ENV.registration == "open" or (ENV.registration == "auto" and TRIAL)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "unfold.apps.BasicAppConfig",  # before admin: its templates go first
    "clarion.surfaces.console.apps.AdminForConsole",
    "clarion.surfaces.console.apps.ConsoleConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "clarion.config.apps.ClarionConfig",
    "clarion.records.people",
    "clarion.records.access",
    "clarion.records.categories",
    "clarion.records.consents",
    "clarion.records.preferences",
    "clarion.records.templating",
    "clarion.records.brand",
    "clarion.records.ledger",
    "clarion.records.inbox",
    "clarion.records.outbox",
    "clarion.records.accounts",
    "clarion.records.uploads",
    "clarion.records.digests",
    "clarion.records.feedback",
    "clarion.records.suppression",
    "clarion.records.lists",
    "clarion.records.rooms",
    "clarion.records.reputation",
    "clarion.records.sms_safety",
    "clarion.surfaces.cli",
]
MIDDLEWARE = [
    "clarion.surfaces.api.tracing.TraceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clarion.surfaces.pages.headers.PageHeadersMiddleware",
    "clarion.surfaces.api.cors.CorsMiddleware",
]
ROOT_URLCONF = "clarion.config.urls"
WSGI_APPLICATION = "clarion.config.wsgi.application"
AUTH_USER_MODEL = "people.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "surfaces" / "pages" / "templates"],
        "APP_DIRS": True,  # the docs page is drf-spectacular's
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "surfaces" / "pages" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024  # each operation has its own, smaller limit but for bulk
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
SESSION_COOKIE_AGE = 8 * 3600
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/outbox/"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SILENCED_SYSTEM_CHECKS: list[str] = []

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["clarion.surfaces.api.permissions.DenyByDefault"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "clarion.surfaces.api.openapi.ClarionSchema",
    "EXCEPTION_HANDLER": "clarion.surfaces.api.problems.handle_exception",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "PATH_CONVERTER_OVERRIDES": {"id": "uuid"},
    "TITLE": "Clarion",
    "DESCRIPTION": "One API that reaches a person by email, SMS, push, in-app inbox, WebSocket, webhook or chat.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["clarion.surfaces.api.permissions.Anyone"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True, "displayRequestDuration": True},
    "PREPROCESSING_HOOKS": ["clarion.surfaces.api.openapi.only_api_v1"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "COMPONENT_SPLIT_PATCH": False,
    "TAGS": [
        {"name": "notifications", "description": "Send, and see what became of it."},
        {"name": "templates", "description": "What is said, on each channel and in each language."},
        {"name": "people", "description": "Recipients, their devices and endpoints."},
        {"name": "preferences", "description": "What a person wants to get."},
        {"name": "inbox", "description": "The in-app inbox of the caller."},
        {"name": "rooms", "description": "Rooms, who belongs to them, who is online, and sends to them."},
        {"name": "categories", "description": "What notifications are about."},
        {"name": "dead letters", "description": "What ended without delivery and waits for a person."},
        {"name": "providers", "description": "Accounts that carry the channels."},
        {"name": "suppression list", "description": "Addresses that nothing, or no marketing, is sent to."},
        {"name": "callbacks", "description": "What providers report back."},
        {"name": "access", "description": "Accounts, tokens and API keys."},
        {"name": "health", "description": "How the system is doing."},
    ],
    "POSTPROCESSING_HOOKS": ["clarion.surfaces.api.openapi.add_security_schemes"],
}
LAYER_PREFIX = "clarion"
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_settings(ENV.log_format, ENV.log_level)
configure_structlog()
