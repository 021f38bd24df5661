"""Pages that say no: why, and what to do."""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import pick


def page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as a page, or as JSON for a script that asked for it."""
    words = pick(refusal.zh, refusal.en)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"error": words}, status=refusal.status)
    return render(request, "studio/refused.html", {"words": words}, status=refusal.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(
        request,
        Refusal("没有这一页，或者它不对你开放。", "There is no such page, or it is not open to you.", status=404),
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Mostly a studio that was started without the name by which browsers come."""
    if isinstance(exception, DisallowedHost):
        refusal = Refusal(
            "这台服务器不认得浏览器用的这个名字。管理服务器的人启动时要写上它：coig-writer studio serve --name …",
            "The server does not know the name by which your browser came. "
            "Whoever runs it starts it with: coig-writer studio serve --name …",
        )
    else:
        refusal = Refusal(
            "这个请求残缺或太大，没有处理。",
            "The request is damaged or too large, and was not looked at.",
        )
    return page(request, refusal)


def failed(request: HttpRequest) -> HttpResponse:
    return page(
        request,
        Refusal(
            "服务器出了错，已记入日志；你的文字没有丢。请重试。",
            "The server failed, and the log says where; your text is not lost. Try again.",
            status=500,
        ),
    )


def no_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(
        request,
        Refusal(
            "这个请求不是从这里的页面发出的，或页面放得太久。请刷新后重试。",
            "This request did not come from a page of this studio, or the page was too old. Reload it and try again.",
            status=403,
        ),
    )
