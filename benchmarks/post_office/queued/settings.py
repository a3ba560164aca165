"""Django's settings for django-post_office at its best. Where things are comes in QUEUED_… variables."""

import os

from beside.stores import for_django

SECRET_KEY = "for loopback only"  # noqa: S105 -- guards nothing: the system lives for one measurement
DEBUG = False
INSTALLED_APPS = ["django.contrib.contenttypes", "post_office"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": for_django(os.environ["QUEUED_DATABASE_URL"], "queued")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING_CONFIG = None
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["QUEUED_SMTP_PORT"])
DEFAULT_FROM_EMAIL = "shop@example.com"
POST_OFFICE = {"BATCH_SIZE": 1_000, "THREADS_PER_PROCESS": 5, "LOG_LEVEL": 0}
