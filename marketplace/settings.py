"""The one settings file. What differs between machines comes from the environment: see `environment.py`."""

from pathlib import Path

from marketplace.environment import Environment, database_from_url, email_from_url

_environment = Environment()

# Where and how we run

DEMO = _environment.demo
DEBUG = _environment.debug
# Acts may be played at instants of the past: only where the people are invented.
REHEARSAL_ALLOWED = DEMO
VAR_DIR: Path = _environment.folder("VAR_DIR")
SECRET_KEY = _environment.secret("SECRET_KEY", VAR_DIR / "secrets")
FIELD_KEY = _environment.secret("FIELD_KEY", VAR_DIR / "secrets")
RECEIPT_KEY = _environment.secret("RECEIPT_KEY", VAR_DIR / "secrets")
ALLOWED_HOSTS = _environment.listed("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
SITE_URL = _environment.text("SITE_URL", "http://localhost:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"

INSTALLED_APPS = [
    # Ours come first, so that our templates and translations win.
    "cms",
    "catalog",
    "volunteers",
    "marketplace.dashboards",
    "marketplace.staffing",
    "marketplace.contracts",
    "marketplace.procurement",
    "marketplace.incentives",
    "marketplace.timesheets",
    "marketplace.statutes",
    "marketplace.accounts",
    "marketplace.ledger",
    "marketplace.regions",
    "marketplace.audit",
    "marketplace.core",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "djmoney",
    "django_htmx",
    "csp",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    # Before staticfiles: development serves files as production does.
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "marketplace.language.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "marketplace.core.access.WrongMethodMiddleware",
    "marketplace.core.access.AccessMiddleware",
    "marketplace.core.access.DomainErrorMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.core.context.site",
            ],
        },
    },
]

# Data

_database_url = _environment.text("DATABASE_URL")
EMBEDDED_DATABASE = not _database_url
DATABASES = {
    "default": {
        **(
            database_from_url(_database_url)
            if _database_url
            else {"ENGINE": "marketplace.core.embedded_postgres", "NAME": "marketplace", "USER": "postgres"}
        ),
        # The development server starts a thread a connection: kept connections would pile up.
        "CONN_MAX_AGE": 0 if DEBUG else 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_cache_url = _environment.text("CACHE_URL")
CACHES: dict[str, dict[str, object]] = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _cache_url}
        if _cache_url
        else {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(VAR_DIR / "cache"),
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    )
}

MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "/media/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_URL = "/static/"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "marketplace.front_end.FrontEndFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# On one's own machine files are served from where they lie; elsewhere `collectstatic` gathers them.
WHITENOISE_USE_FINDERS = DEBUG or DEMO
FILE_UPLOAD_PERMISSIONS = 0o640
# Two megabytes of form fields suffice for every form; files are checked where they are taken.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Tasks

_broker_url = _environment.text("CELERY_BROKER_URL")
CELERY_BROKER_URL = _broker_url or "files://localhost"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
CELERY_TASK_DEFAULT_QUEUE = "marketplace"
if _broker_url.startswith(("amqp", "pyamqp")):
    # Quorum queues outlive a lost broker node; a publisher waits until the message is safe.
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
    CELERY_TASK_DEFAULT_EXCHANGE_TYPE = "topic"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
elif _broker_url.startswith(("redis", "rediss")):
    # Redis hands a task out again when it was not acknowledged for this long; no task of ours takes as long.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3 * 3600}
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"folder": str(VAR_DIR / "queue")}
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
# A task is done when it has ended, not when it was taken: a killed worker's task runs again (tasks are idempotent).
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = _environment.number("TASK_PROCESSES")
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_SOFT_TIME_LIMIT = 3600
CELERY_TASK_TIME_LIMIT = 3700
# Results stand in tables.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat" / "schedule")

# Language, time, money

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
FIRST_DAY_OF_WEEK = 1
CURRENCIES = ("CNY",)
DEFAULT_CURRENCY = "CNY"

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "marketplace.accounts.passwords.LengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/workspace/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "marketplace.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "marketplace.accounts.adapter.LoginForm",
    "signup": "marketplace.accounts.adapter.SignupForm",
}
ACCOUNT_USER_DISPLAY = str
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.partition(":")[0]
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
# Five wrong passwords close an account for half an hour (GB/T 22239, level 3).
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {"login_failed": "10/m/ip,5/30m/key"}
MFA_ADAPTER = "marketplace.accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "marketplace.accounts.adapter.ActivateAppForm",
    "authenticate": "marketplace.accounts.adapter.SecondStepForm",
    "reauthenticate": "marketplace.accounts.adapter.SecondStepAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_TOLERANCE = 1  # a code typed as it changes, a telephone some seconds off
MFA_TOTP_ISSUER = "Public Legal Services"
MFA_REQUIRED = _environment.switch("MFA_REQUIRED", default=not DEMO)
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or DEMO

# Content management

# Passwords and addresses are kept under /account/ alone, with the second step and the count of tries.
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAIL_SITE_NAME = "公共法律服务采购与志愿平台"
WAGTAILADMIN_BASE_URL = SITE_URL
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
WAGTAIL_USER_TIME_ZONES = [TIME_ZONE]
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database", "SEARCH_CONFIG": "simple"}}
WAGTAILDOCS_EXTENSIONS = ["csv", "docx", "odt", "pdf", "xlsx"]
WAGTAILDOCS_SERVE_METHOD = "serve_view"
TAGGIT_CASE_INSENSITIVE = True

# Letters

globals().update(email_from_url(_environment.text("EMAIL_URL", "file:"), VAR_DIR / "mail"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _environment.text("EMAIL_FROM")
EMAIL_SUBJECT_PREFIX = ""

# Protection of the browser

_https = not (DEBUG or DEMO)
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # Other names under the same domain are not ours to decide for,
    "security.W021",  # nor is the browsers' list.
    "security.W019",  # Wagtail's editor shows pages in a frame of the same site.
]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "SAMEORIGIN"
if _environment.switch("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    # The editors' own interface writes styles and scripts into its pages.
    "EXCLUDE_URL_PREFIXES": ("/cms-admin/", "/admin/"),
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        # Scripts and style sheets come from files; only the length of a bar may stand in an attribute.
        "style-src-attr": ["'unsafe-inline'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    },
}

# Logs name records by their keys, never people, numbers or what they wrote.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": _environment.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR")),
    },
    "loggers": {
        # Django would mail whole requests, with the people in them, to ADMINS.
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # At INFO it writes a line for every statement's parameters in development, at DEBUG always.
        "django.db.backends": {"level": "WARNING"},
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # They tell of every page that is saved.
        "wagtail": {"level": "WARNING"},
        "django_tasks": {"level": "WARNING"},
    },
}
