"""Work of the ground that runs in workers."""

from __future__ import annotations

from smtplib import SMTPException

from celery import shared_task

from .mail import send


@shared_task(autoretry_for=(OSError, SMTPException), retry_backoff=60, max_retries=5)
def send_letters(subject: str, body: str, addresses: list[str]) -> None:
    """Many letters, away from the request that caused them; tried again while the mail server is not there."""
    send(subject, body, addresses, silently=False)
