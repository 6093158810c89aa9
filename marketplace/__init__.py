"""A marketplace for public legal services."""

# Tasks bind to this app from the first import on, in the web process too.
from marketplace.celery import app as celery_app

__all__ = ["celery_app"]
