"""The WSGI application: all HTTP."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clarion.config.settings")
application = get_wsgi_application()

from clarion.config.checks import require_soundness  # noqa: E402 - needs Django set up
from clarion.config.collecting import settle_down  # noqa: E402

require_soundness()
settle_down()
