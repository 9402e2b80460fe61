"""The Django project and every page; it reads what `ingest` wrote."""

from mailwatch.celery import app as celery_app

__all__ = ["celery_app"]
