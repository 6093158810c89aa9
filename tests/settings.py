"""The project's settings for tests: its own, made stricter and quicker."""

import os

# Tests need no secrets of the environment's; DATABASE_URL and CELERY_BROKER_URL are honoured.
for _name in ("DEMO", "SECRET_KEY", "FIELD_KEY", "ALLOWED_HOSTS", "SITE_URL", "EMAIL_URL", "CACHE_URL", "MFA_REQUIRED"):
    os.environ.pop(_name, None)
os.environ["DEBUG"] = "1"

from marketplace.settings import *  # noqa: E402, F403
from marketplace.settings import MIDDLEWARE, TEMPLATES  # noqa: E402

DEBUG = False
REHEARSAL_ALLOWED = True
ALLOWED_HOSTS = ["*"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
ACCOUNT_RATE_LIMITS = False
