"""Django's settings for django-post_office at its best. Where things are comes in QUEUED_… variables."""

import os
from urllib.parse import parse_qsl, urlsplit

_database = urlsplit(os.environ["QUEUED_DATABASE_URL"])
_query = dict(parse_qsl(_database.query))

SECRET_KEY = "for loopback only"  # noqa: S105 -- guards nothing: the system lives for one measurement
DEBUG = False
INSTALLED_APPS = ["django.contrib.contenttypes", "post_office"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "queued",
        "USER": _database.username or "",
        "PASSWORD": _database.password or "",
        "HOST": _query.get("host", _database.hostname or ""),
        "PORT": str(_database.port or ""),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING_CONFIG = None
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["QUEUED_SMTP_PORT"])
DEFAULT_FROM_EMAIL = "shop@example.com"
POST_OFFICE = {"BATCH_SIZE": 1_000, "THREADS_PER_PROCESS": 5, "LOG_LEVEL": 0}
