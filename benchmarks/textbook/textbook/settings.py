"""Django's settings, tuned: connections of web and workers stay open (CONN_MAX_AGE, CELERY_DB_REUSE_MAX).

Where things are comes in TEXTBOOK_… variables. CELERY_DB_REUSE_MAX matters: without it Celery closes the database
connection around every task, whatever CONN_MAX_AGE says, and everything takes twice as long.
"""

import os

from beside.stores import for_django

SECRET_KEY = "for loopback only"  # noqa: S105 -- guards nothing: the system lives for one measurement
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "textbook.urls"
WSGI_APPLICATION = "textbook.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "rest_framework.authtoken",
    "textbook",
]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {**for_django(os.environ["TEXTBOOK_DATABASE_URL"], "textbook"), "CONN_MAX_AGE": 600}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING_CONFIG = None
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}

EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["TEXTBOOK_SMTP_PORT"])
DEFAULT_FROM_EMAIL = "shop@example.com"
WEBHOOK_URL = os.environ["TEXTBOOK_WEBHOOK_URL"]

CELERY_BROKER_URL = os.environ["TEXTBOOK_REDIS_URL"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_DB_REUSE_MAX = 10_000
