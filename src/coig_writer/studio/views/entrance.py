"""Coming in: signing in and out, invitations, language, and the list of projects."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from coig_writer.studio import keeping, people
from coig_writer.studio.models import Project
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import pick


def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    wrong = None
    if request.method == "POST":
        name, address = request.POST.get("name", ""), request.META.get("REMOTE_ADDR", "")
        if people.must_wait(name, address):
            wrong = pick(
                "试错太多次了，请一刻钟后再来。", "Too many wrong passwords; come back in a quarter of an hour."
            )
        elif user := authenticate(request, username=name, password=request.POST.get("password", "")):
            people.forget_failures(name)
            login(request, user)
            record("sign in", actor=user)
            return redirect(_next(request) or "home")
        else:
            people.note_failure(name, address)
            wrong = pick("名字或密码不对。", "The name or the password is wrong.")
    context = {"wrong": wrong, "next": _next(request) or ""}
    return render(request, "studio/sign_in.html", context, status=403 if wrong else 200)


def _next(request: HttpRequest) -> str | None:
    """Where to go afterwards, if it is on this server."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return _page_of(wanted) if safe else None


POSTED = frozenset(
    {
        *("claim", "invite", "withdraw", "new-password", "member", "save", "check", "submit", "draft", "give-back"),
        *("assign", "specialist", "set-aside", "inspect", "remarks", "settle", "next-sheet", "close-contest", "choose"),
        *("sign-out", "language"),
    }
)
"""Names of addresses that only take forms, and answer with a page of their own when they refuse one."""


def _page_of(address: str) -> str | None:
    """The page to which an address belongs: itself, or for one that only takes forms the page above it."""
    path = address.partition("?")[0]
    if _name_of(path) not in POSTED:
        return address
    while path not in ("", "/"):
        above, _, last = path.rpartition("/")
        path = f"{above}/" if last else above
        if _name_of(path) not in {None, *POSTED}:
            return path
    return None


def _name_of(path: str) -> str | None:
    try:
        return resolve(path).url_name
    except Resolver404:
        return None


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remembers the language in a cookie."""
    response = redirect(_next(request) or "home")
    if request.POST.get("language") in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            request.POST["language"],
            max_age=365 * 24 * 3600,
            samesite="Lax",
            secure=settings.HTTPS,
            httponly=True,
        )
    return response


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The projects that the person is in; straight on where there is one."""
    projects = Project.objects.order_by("id")
    if not request.user.is_superuser:
        projects = projects.filter(memberships__user=request.user).distinct()
    found = list(projects)
    if len(found) == 1 and not request.user.is_superuser:
        return redirect("mine", found[0].pk)
    return render(request, "studio/home.html", {"projects": found})


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Takes an invitation up: with the account one is signed in to, or with a new one."""
    found = people.find_invitation(token)
    wrong = None
    if request.method == "POST":
        try:
            if request.user.is_authenticated:
                people.accept(found, request.user)
            else:
                user = people.create_user(request.POST.get("name", "").strip(), request.POST.get("password", ""))
                people.accept(found, user)
                login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect("mine", found.project_id)
        except Refusal as refusal:
            if refusal.status == 410:
                raise
            wrong = pick(refusal.zh, refusal.en)
    context = {"invitation": found, "wrong": wrong}
    return render(request, "studio/invitation.html", context, status=400 if wrong else 200)


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """One's own password."""
    wrong = None
    if request.method == "POST":
        new = request.POST.get("new", "")
        try:
            if not request.user.check_password(request.POST.get("old", "")):
                raise ValidationError(pick("原密码不对。", "The present password is wrong."))
            validate_password(new, request.user)
        except ValidationError as error:
            wrong = " ".join(error.messages)
        else:
            request.user.set_password(new)
            request.user.save(update_fields=["password"])
            update_session_auth_hash(request, request.user)
            record("change password", actor=request.user)
            messages.success(request, pick("密码已改。", "The password is changed."))
            return redirect("account")
    return render(request, "studio/account.html", {"wrong": wrong}, status=400 if wrong else 200)


def health(request: HttpRequest) -> HttpResponse:
    """For a load balancer: whether the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def metrics(request: HttpRequest) -> HttpResponse:
    """For monitoring on this machine, and for the operator."""
    if request.META.get("REMOTE_ADDR") not in ("127.0.0.1", "::1") and not request.user.is_superuser:
        raise Http404
    return HttpResponse(keeping.metrics(), content_type="text/plain; version=0.0.4")
