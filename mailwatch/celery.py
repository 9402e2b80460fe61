"""The Celery application. A task is only a wake-up: what is to be done stands in PostgreSQL."""

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailwatch.settings")

# Tasks are JSON from a broker that only this account reaches, so a worker of root is meant.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("mailwatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
