"""The project's settings for tests: its own, made stricter and quicker."""

import os
import sys

from marketplace.environment import BASE_DIR, VARIABLES

# Nothing of the environment's but where to test; and no secrets are needed.
for _variable in VARIABLES:
    if _variable.name not in {"DATABASE_URL", "CELERY_BROKER_URL", "VAR_DIR"}:
        os.environ.pop(_variable.name, None)
os.environ["DEBUG"] = "1"

from marketplace.settings import *  # noqa: E402, F403
from marketplace.settings import DATABASES, MIDDLEWARE, TEMPLATES  # noqa: E402


class Undefined(str):
    """What Django puts where a template names an unknown variable: an error if the template is ours.

    Other people's templates rely on the empty text, so for them it stays one. Django asks for the truth of this
    value, or looks for "%s" in it, at the moment when it misses the variable: that is where we look who asks.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        self._complain("resolve", "self")
        return False

    def __contains__(self, text: object) -> bool:
        if text == "%s":
            self._complain("render_value", "key")
        return isinstance(text, str) and super().__contains__(text)

    def _complain(self, function: str, variable: str) -> None:
        frame = sys._getframe(2)
        if frame.f_code.co_name != function or not frame.f_globals["__name__"].startswith("django.template"):
            return
        missing = frame.f_locals[variable]
        up = frame.f_back
        while up is not None:
            # The innermost node that is being rendered knows the file it was written in.
            origin = getattr(up.f_locals.get("self"), "origin", None)
            if origin is not None and up.f_code.co_name in {"render", "render_annotated"}:
                path = str(origin.name)
                if path.startswith(str(BASE_DIR)) and "site-packages" not in path:
                    raise AssertionError(f"{path} uses {str(missing)!r}, which its context does not define")
                return
            up = up.f_back


DEBUG = False
REHEARSAL_ALLOWED = True
# What a test stored need not outlive a crash.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"  # type: ignore[index]
ALLOWED_HOSTS = ["*"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ACCOUNT_RATE_LIMITS = False
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise.")]
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = Undefined()  # type: ignore[index]
# A task that a test sends goes nowhere. Tests call the task's function; those marked `broker` start a worker of their own.
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
