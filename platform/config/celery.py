"""The Celery application: `celery -A config worker`."""

import os
import sys
from pathlib import Path

# `celery -A config` starts outside manage.py; the apps at the root must be importable all the same.
for root in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parents[1]):
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery import Celery  # noqa: E402 - the path must be set first

app = Celery("plumbline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["operators.webhooks"])
