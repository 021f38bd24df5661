"""Drafts by a model as a stream of server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_POST

from coig_writer.studio import drafting
from coig_writer.studio.permissions import item_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import pick
from coig_writer.studio.writing import LONGEST


@require_POST
async def stream(request: HttpRequest, item_id: int, step: str) -> HttpResponse:
    """Writes while the browser listens; what it has written is kept as machine text beside the item."""
    user = await request.auser()  # type: ignore[attr-defined]
    item, access = await sync_to_async(item_for)(user, item_id)
    if step not in drafting.DRAFTED:
        raise Http404
    if not access.write:
        raise Refusal("这一篇不在你名下。", "You do not hold this item.", status=403)
    told = drafting.stream(item, user, step, request.POST.get("prompt", "")[: LONGEST["prompt"]])
    response = StreamingHttpResponse(_events(told), content_type="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _events(messages: AsyncIterator[dict[str, str]]) -> AsyncIterator[bytes]:
    try:
        async for message in messages:
            yield f"data: {json.dumps(message, ensure_ascii=False)}\n\n".encode()
    except Refusal as refusal:
        yield f"data: {json.dumps({'error': pick(refusal.zh, refusal.en)}, ensure_ascii=False)}\n\n".encode()
