"""Tokens and webhooks of a project."""

from __future__ import annotations

import secrets

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from coig_writer.studio import fetching
from coig_writer.studio.models import Delivery, Token, Webhook
from coig_writer.studio.models.audit import record
from coig_writer.studio.permissions import project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.workflow import Role


@login_required
def programs(request: HttpRequest, project_id: int) -> HttpResponse:
    """Makes and takes away tokens and webhooks; a token and a secret are shown once."""
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    shown = None
    if request.method == "POST":
        what = request.POST.get("what", "")
        if what == "token":
            shown = secrets.token_urlsafe(32)
            name = request.POST.get("name", "").strip()[:60] or "–"
            Token.objects.create(project=project, user=request.user, name=name, token_hash=Token.hash_of(shown))
        elif what == "webhook":
            url = request.POST.get("url", "").strip()[:500]
            fetching.check_address(url)
            shown = Webhook.objects.create(project=project, url=url).secret
        elif what in ("remove-token", "remove-webhook"):
            number = request.POST.get("id", "")
            pk = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
            own = project.tokens.filter(user=request.user) if what == "remove-token" else project.webhooks
            own.filter(pk=pk).delete()
        else:
            raise Refusal("不知道要做什么。", "There is nothing like that to do here.")
        record(f"programs: {what}", actor=request.user, project=project)
    context = {
        "project": project,
        "roles": roles,
        "shown": shown,
        "tokens": project.tokens.filter(user=request.user).order_by("-made"),
        "webhooks": project.webhooks.order_by("-made"),
        "deliveries": Delivery.objects.filter(webhook__project=project).select_related("webhook").order_by("-id")[:20],
    }
    return render(request, "studio/programs.html", context)
