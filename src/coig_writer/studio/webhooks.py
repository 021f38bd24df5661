"""Telling other programs of approvals: signed, tried again, and only at public addresses."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import logging
import threading
import time
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from coig_writer.files import dumps
from coig_writer.studio import fetching
from coig_writer.studio.models import Delivery, Item
from coig_writer.studio.refusal import Refusal

WAITS = (1, 5, 30, 120, 720)
"""Minutes before each further try; after the last nothing more is sent."""
SIGNATURE, DELIVERY = "X-Studio-Signature", "X-Studio-Delivery"
EVERY = 30.0
"""Seconds between looks at what is due for another try."""
log = logging.getLogger("studio")


def tell(item: Item, event: str) -> None:
    """Queues a message for each webhook of the project; it is sent once the transaction is through."""
    body = {"event": event, "project": item.project_id, "item": item.pk, "key": item.key, "round": item.round}
    rows = [Delivery(webhook=hook, body=body) for hook in item.project.webhooks.all()]
    if rows:
        Delivery.objects.bulk_create(rows)
        transaction.on_commit(lambda: threading.Thread(target=_send_and_close, daemon=True).start())


def _send_and_close() -> None:
    try:
        send_waiting()
    finally:
        connection.close()


def keep_sending(stop: threading.Event | None = None) -> None:
    """Sends what is due again and again, also what an earlier process left behind; for a thread of the server.

    Args:
        stop: ends it when set.
    """
    stop = stop or threading.Event()
    while not stop.wait(EVERY):
        try:
            _send_and_close()
        except DatabaseError:  # such as a database that restarts; the next look finds the same messages
            log.warning("webhooks cannot be sent now", exc_info=True)


def send_waiting() -> int:
    """Sends what is due and returns how many arrived."""
    arrived = 0
    for delivery in list(waiting()):
        with transaction.atomic():  # two processes never send one message at the same time
            claimed = waiting().filter(pk=delivery.pk).update(next_try=timezone.now() + timedelta(minutes=5))
        if claimed:
            arrived += _send(delivery)
    return arrived


def waiting() -> Any:
    found = Delivery.objects.filter(delivered=None, next_try__lte=timezone.now(), tries__lte=len(WAITS))
    return found.select_related("webhook").order_by("id")


def sign(secret: str, body: bytes) -> str:
    """What the receiver compares with the header: HMAC-SHA256 of the body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _send(delivery: Delivery) -> bool:
    hook = delivery.webhook
    body = dumps(delivery.body).encode()
    signature = sign(hook.secret, body)
    headers = {"Content-Type": "application/json", SIGNATURE: signature, DELIVERY: str(delivery.pk)}
    try:
        status = fetching.post(hook.url, body, headers, time.monotonic() + fetching.MOST_SECONDS)
        answer = str(status)
    except (Refusal, OSError, http.client.HTTPException) as error:
        status, answer = 0, f"{type(error).__name__}: {error}"[:120]
    now = timezone.now()
    delivery.tries += 1
    delivery.answer = answer
    if 200 <= status < 300:
        delivery.delivered = now
    elif delivery.tries <= len(WAITS):
        delivery.next_try = now + timedelta(minutes=WAITS[delivery.tries - 1])
    delivery.save()
    return delivery.delivered is not None
