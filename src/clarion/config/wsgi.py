"""The WSGI application: all HTTP."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clarion.config.settings")
application = get_wsgi_application()

from clarion.config import urls  # noqa: E402, F401 - every type of a request is known then
from clarion.config.checks import require_soundness  # noqa: E402 - needs Django set up
from clarion.config.collecting import settle_down  # noqa: E402
from clarion.contract.structs import make_structs_ready  # noqa: E402

require_soundness()
make_structs_ready()
settle_down()
