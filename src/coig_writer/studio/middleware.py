"""What every response carries, and how refusals look."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""No inline script or style, nothing from elsewhere."""

View = Callable[[HttpRequest], HttpResponse]


def content_policy(view: View) -> View:
    """Sends the content security policy with everything, and keeps pages with people's work out of caches."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = view(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


class refusals:
    """Turns a refusal with words into a page that says why and what to do."""

    def __init__(self, view: View) -> None:
        self.view = view

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.view(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        from coig_writer.studio.refusal import Refusal
        from coig_writer.studio.views.refused import page

        if isinstance(error, Refusal):
            return page(request, error)
        if isinstance(error, PermissionDenied):
            return page(request, Refusal("这里不对你的角色开放。", "This is not open to your role.", status=403))
        return None
