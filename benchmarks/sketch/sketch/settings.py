"""Just enough Django for Channels."""

import os

SECRET_KEY = "sketch"  # noqa: S105 -- signs nothing
INSTALLED_APPS = ["channels"]
USE_TZ = True
ALLOWED_HOSTS = ["*"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["SKETCH_REDIS_URL"]], "prefix": "sketch"},
    }
}
