"""Django settings, driven by the environment. Production is the default; PLUMBLINE_DEBUG=1 is for development."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from kombu import Queue
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from config import bodies, limits, master_keys
from config.accounts import *  # noqa: F403 - the settings of one subject, in a file of their own

ROOT = Path(__file__).resolve().parents[2]
DEBUG = os.environ.get("PLUMBLINE_DEBUG", "") == "1"


def _list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def _seconds(name: str, default: float) -> float:
    try:
        return float(os.environ.get(name, default))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number of seconds") from None


def _whole(name: str, default: int) -> int:
    try:
        number = int(os.environ.get(name, default))
    except ValueError:
        number = 0
    if number < 1:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least 1")
    return number


SECRET_KEY = os.environ.get("PLUMBLINE_SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured("PLUMBLINE_SECRET_KEY is not set; `make run` makes one")
ALLOWED_HOSTS = _list("PLUMBLINE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEBUG else "")
CSRF_TRUSTED_ORIGINS = _list("PLUMBLINE_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "audit.log",
    "audit.oversight",
    "operators",
    "conversations",
    "audit.reviews",
    "audit.wellbeing",
    "audit.cases",
    "evaluation",
]

# Pages only: /v1 has a handler and a chain of its own (config/api_handler.py).
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.security.content_security_policy",
    "config.zones.viewer_zone",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "operators.accounts.returning.to_the_page",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "operators.accounts.context.local_mail",
                "operators.oversight.notices.on_every_page",
            ],
        },
    }
]


def _database() -> dict[str, object]:
    url = os.environ.get("DATABASE_URL", "")
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is not a PostgreSQL address: {error}") from None
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    options = {key: value for key, value in parts.items() if key not in known}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{django: str(parts.get(libpq, "")) for libpq, django in known.items()},
        "NAME": str(parts.get("dbname", "plumbline")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **options},
        "TEST": {"NAME": f"test_{parts.get('dbname', 'plumbline')}"},
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "operators.Account"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "static-collected"
STATICFILES_DIRS = [ROOT / "static"]
# Without a collectstatic step (development), files are served from where they lie.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("PLUMBLINE_BEHIND_PROXY") else None
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "conversations.api.contract.document.ContractSchema",
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Plumbline",
    "VERSION": "1",
    "DESCRIPTION": "A ranked hierarchy between apps and a language model. Speaks the Anthropic Messages API and "
    "OpenAI's chat completions; every answer has a `request-id`, every error the documented shape.",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "DEFAULT_GENERATOR_CLASS": "conversations.api.contract.document.ContractGenerator",
    "SERVE_URLCONF": "config.api_urls",
}

# The queue. Why each of these: docs/decisions/0005-the-queue-cannot-lose-a-review.md
BROKER_URL = os.environ.get("BROKER_URL", "redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 2 * CELERY_TASK_TIME_LIMIT,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 2,
    "retry_on_timeout": False,
}
# Webhooks wait for others' servers, and batches for the model: with workers of their own (-Q webhooks, -Q batches) no
# review waits with them. One that names no queue takes from all.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("celery", "webhooks", "batches")]
CELERY_TASK_ROUTES = {
    "operators.deliver_webhook": {"queue": "webhooks"},
    "conversations.work_on_batch_piece": {"queue": "batches"},
    "conversations.redecide_sample": {"queue": "batches"},
}
CELERY_BEAT_SCHEDULE = {
    "hand-over-forgotten-jobs": {"task": "conversations.requeue_forgotten_jobs", "schedule": 60.0},
    "send-batched-reviews": {"task": "conversations.send_batched_reviews", "schedule": 60.0},
    "collect-batched-reviews": {"task": "conversations.collect_batched_reviews", "schedule": 60.0},
    "archive-old-batches": {"task": "conversations.archive_old_batches", "schedule": 3600.0},
    "purge-webhook-deliveries": {"task": "operators.purge_webhook_deliveries", "schedule": 3600.0},
    "close-forgotten-exports": {"task": "conversations.close_forgotten_exports", "schedule": 300.0},
    "replay-charter-proposals": {"task": "conversations.replay_charter_proposals", "schedule": 30.0},
    "watch-audit-log": {"task": "audit_log.watch", "schedule": 30.0},
    "list-erasures": {"task": "conversations.list_erasures", "schedule": 60.0},
    "apply-retention": {"task": "conversations.apply_retention", "schedule": 1800.0},
    "forget-idempotency-keys": {"task": "conversations.forget_idempotency_keys", "schedule": 600.0},
    "settle-verdicts": {"task": "audit.settle_verdicts", "schedule": 30.0},
    "watch-service-levels": {"task": "audit.watch_service_levels", "schedule": 60.0},
}
# Batches. Why each of these: docs/decisions/0011-batches.md
BATCH_PIECES_AT_ONCE = _whole("PLUMBLINE_BATCH_PIECES", 4)
"""How many pieces are handed to workers and not done; more processes than this find nothing to do."""
BATCH_TURNS_AT_ONCE = _whole("PLUMBLINE_BATCH_TURNS", 8)
"""Per piece, so per process that works on one."""
BATCH_ATTEMPTS = _whole("PLUMBLINE_BATCH_ATTEMPTS", 6)
BATCH_RETRY_SECONDS = _seconds("PLUMBLINE_BATCH_RETRY_SECONDS", 2)
"""The pause after a first failure; each is three times the last."""
BATCH_REQUESTS_WAITING = _whole("PLUMBLINE_BATCH_REQUESTS_WAITING", 500_000)
"""How many requests of one deployment may be in batches that have not ended."""

# Secrets in the database, and the keys of its content, are sealed with these (config/sealing.py).
MASTER_KEYS = master_keys.read(os.environ)
ERASURES_FILE = os.environ.get("PLUMBLINE_ERASURES_FILE", str(ROOT / ".local" / "erasures.jsonl"))
"""What was erased, for the restoring of older backups (conversations/erasure_list.py)."""
ERASURE_SETTLE_SECONDS = _seconds("PLUMBLINE_ERASURE_SETTLE_SECONDS", 10)
"""How long after its order an erasure looks once more; longer than the record of a turn may take."""

# Upstream: the model behind the hierarchy. What the environment names stands beside the catalogue in the database.
ANTHROPIC_API_KEY = os.environ.get("ANTHROPIC_API_KEY", "")
ANTHROPIC_BASE_URL = os.environ.get("ANTHROPIC_BASE_URL", "")
UPSTREAM_MODEL = os.environ.get("PLUMBLINE_UPSTREAM_MODEL", "claude-sonnet-5-5")
UPSTREAM_JUDGMENT = os.environ.get("PLUMBLINE_UPSTREAM_JUDGMENT", "good")
"""`poor` for a model that must not be left to speak to someone at risk: our own words are then the whole answer."""
UPSTREAM_CONNECT_SECONDS = _seconds("PLUMBLINE_UPSTREAM_CONNECT_SECONDS", 5)
UPSTREAM_FIRST_TOKEN_SECONDS = _seconds("PLUMBLINE_UPSTREAM_FIRST_TOKEN_SECONDS", 60)
"""From the request to an answer's first byte. A plain answer comes whole: it gets more with its `max_tokens`."""
UPSTREAM_IDLE_SECONDS = _seconds("PLUMBLINE_UPSTREAM_IDLE_SECONDS", 60)
UPSTREAM_TOTAL_SECONDS = _seconds("PLUMBLINE_UPSTREAM_TOTAL_SECONDS", 600)
STREAM_PING_SECONDS = _seconds("PLUMBLINE_STREAM_PING_SECONDS", 15)
"""How long a caller's stream is silent before it gets a `ping`."""
UPSTREAM_RETRIES = 2
PRIVATE_UPSTREAMS = os.environ.get("PLUMBLINE_PRIVATE_UPSTREAMS", "") == "1"
"""Whether operators' own upstreams may lie in private networks, unencrypted included. The platform's always may."""

# Webhooks: what operators' own servers are told.
PRIVATE_WEBHOOKS = os.environ.get("PLUMBLINE_PRIVATE_WEBHOOKS", "") == "1"
"""Whether webhooks may lead to private networks, unencrypted included."""
WEBHOOK_CONNECT_SECONDS = _seconds("PLUMBLINE_WEBHOOK_CONNECT_SECONDS", 5)
WEBHOOK_TOTAL_SECONDS = _seconds("PLUMBLINE_WEBHOOK_TOTAL_SECONDS", 20)
"""For the whole exchange, looking up the name included."""

# The judge: a model asked about what the screens only suspect. Without a name there is none.
JUDGE_MODEL = os.environ.get("PLUMBLINE_JUDGE_MODEL", "")
JUDGE_BASE_URL = os.environ.get("PLUMBLINE_JUDGE_BASE_URL", "")
JUDGE_API_KEY = os.environ.get("PLUMBLINE_JUDGE_API_KEY", "")
JUDGE_SECONDS = _seconds("PLUMBLINE_JUDGE_SECONDS", 8)
"""For the whole exchange; the turn waits for it."""

# Reviews after the turn ask the same judge, with time on their hands.
REVIEW_JUDGE_SECONDS = _seconds("PLUMBLINE_REVIEW_JUDGE_SECONDS", 90)
"""For one exchange; less than a task may take."""
REVIEW_JUDGE_PER_MINUTE = _whole("PLUMBLINE_REVIEW_JUDGE_PER_MINUTE", 120)
"""How many questions all workers together ask it."""
REVIEW_BATCHES = os.environ.get("PLUMBLINE_REVIEW_BATCHES", "") == "1"
"""Whether turns that are not flagged are judged in batches of the provider's, cheaper and within a day."""
METRICS_TOKEN = os.environ.get("PLUMBLINE_METRICS_TOKEN", "")
"""With it as a bearer token a scraper reads the metrics of the reviews; without one only stewards do."""

# Limits: the platform's defaults, where no row says otherwise (docs/api/limits.md).
LIMITS = {
    "key": limits.read("PLUMBLINE_KEY_LIMITS", os.environ.get("PLUMBLINE_KEY_LIMITS", ""), limits.KEY),
    "deployment": limits.read(
        "PLUMBLINE_DEPLOYMENT_LIMITS", os.environ.get("PLUMBLINE_DEPLOYMENT_LIMITS", ""), limits.DEPLOYMENT
    ),
    "operator": limits.read(
        "PLUMBLINE_OPERATOR_LIMITS", os.environ.get("PLUMBLINE_OPERATOR_LIMITS", ""), limits.OPERATOR
    ),
}
PLAYGROUND_LIMITS = limits.read(
    "PLUMBLINE_PLAYGROUND_LIMITS", os.environ.get("PLUMBLINE_PLAYGROUND_LIMITS", ""), limits.PLAYGROUND
)
"""Of one deployment's playground, within all of those above."""
LIMITS_URL = os.environ.get("PLUMBLINE_LIMITS_URL", BROKER_URL)
"""The Valkey that counts for all processes."""
LIMITS_SECONDS = _seconds("PLUMBLINE_LIMITS_SECONDS", 0.2)
"""How long Valkey may take; then this process counts by itself."""
LEASE_SECONDS = _seconds("PLUMBLINE_LEASE_SECONDS", 15)
"""What a killed process held, streams and idempotency keys, is free again after this long."""
IDEMPOTENCY_WAIT_SECONDS = _seconds("PLUMBLINE_IDEMPOTENCY_WAIT_SECONDS", 30)
"""How long a repeated request waits for the first one's answer."""

# The API.
API_BODY_BYTES = bodies.read(os.environ)
"""The largest body by path (config/bodies.py)."""
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
API_STRANGERS_BODY_BYTES = 32 * 1024 * 1024
"""Where larger ones are taken, of callers whose key is not known to be good."""
API_POOL_SIZE = int(os.environ.get("PLUMBLINE_POOL_SIZE", "8"))
STALE_STATE_SECONDS = _seconds("PLUMBLINE_STALE_STATE_SECONDS", 10)
"""A process that has not heard from the database for this long no longer knows what is paused, and stops answering."""

# The audit log.
PLUMBLINE_LOG_KEY_FILE = os.environ.get("PLUMBLINE_LOG_KEY_FILE", str(ROOT / ".local" / "audit.key"))
PLUMBLINE_CHECKPOINT_DIR = os.environ.get("PLUMBLINE_CHECKPOINT_DIR", str(ROOT / ".local" / "checkpoints"))
PLUMBLINE_CHECKPOINT_S3 = os.environ.get("PLUMBLINE_CHECKPOINT_S3", "")
"""`s3://bucket/prefix`: where checkpoints go besides; credentials as AWS's own tools find them."""
PLUMBLINE_CHECKPOINT_S3_ENDPOINT = os.environ.get("PLUMBLINE_CHECKPOINT_S3_ENDPOINT", "")
PLUMBLINE_WITNESS = os.environ.get("PLUMBLINE_WITNESS", "")
"""A witness's key, @ and its URL (docs/operations/audit-log.md)."""
LOG_LAG_SECONDS = _seconds("PLUMBLINE_LOG_LAG_SECONDS", 60)
"""An entry that waits longer than this for its place in the log is an alarm."""
PLUMBLINE_LOG_ORIGIN = os.environ.get("PLUMBLINE_LOG_ORIGIN", "plumbline")

CASE_THRESHOLD = 0.7
"""A finding of at least this severity (0..1) opens a case."""
CASE_UNDO_SECONDS = 30
"""How long a verdict can be taken back before it takes hold."""
CASE_SECOND_REVIEW_SHARE = 0.1
"""Which share of the cases below the gravest is looked at a second time, blind. The gravest always are."""
CASE_GOLDEN_EVERY = 20
"""One claim in so many is a case whose right verdict is known, where there are such."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.Formatter", "format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("PLUMBLINE_LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "aiohttp.access": {"level": "WARNING"},
        "celery": {"level": "INFO"},
        # Its own handlers would write an error's text as it is.
        "uvicorn": {"handlers": ["console"], "propagate": False},
        # An address may hold a user's id.
        "uvicorn.access": {"propagate": False},
    },
}
