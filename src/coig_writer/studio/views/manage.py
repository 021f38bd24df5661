"""Pages of who leads a project: people, assignment, overview, release."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from coig_writer.files import dumps
from coig_writer.report import labels
from coig_writer.studio import assign, figures, people, releasing
from coig_writer.studio.export import EXPORTS, as_csv
from coig_writer.studio.models import Project
from coig_writer.studio.models.audit import record
from coig_writer.studio.permissions import item_for, project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import pick
from coig_writer.studio.workflow import Role
from coig_writer.taxonomy import categories, genres


@login_required
def new_project(request: HttpRequest) -> HttpResponse:
    """Only the operator of the server makes projects."""
    if not request.user.is_superuser:
        raise Http404
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:120]
        if not name:
            raise Refusal("项目要有名字。", "A project needs a name.")
        project = Project.objects.create(name=name)
        people.add_role(project, request.user, Role.ADMIN, by=request.user)
        return redirect("overview", project.pk)
    return render(request, "studio/new_project.html", {})


@login_required
def people_page(
    request: HttpRequest, project_id: int, link: str | None = None, password: tuple[str, str] | None = None
) -> HttpResponse:
    """Members and invitations.

    Args:
        link: of an invitation that was just made.
        password: (name, password) of who just got a new one.
    """
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    members = project.memberships.select_related("user").order_by("user__username", "role")
    context = {
        "project": project,
        "roles": roles,
        "members": [(each, project.handle(each.user_id)) for each in members],
        "invitations": project.invitations.filter(used_at=None).order_by("expires"),
        "all_roles": _may_give(roles),
        "link": link,
        "password": password,
    }
    return render(request, "studio/people.html", context)


def _may_give(roles: frozenset[Role]) -> list[Role]:
    """Managers invite everybody but administrators."""
    return [role for role in Role if role is not Role.ADMIN or Role.ADMIN in roles]


@login_required
@require_POST
def invite(request: HttpRequest, project_id: int) -> HttpResponse:
    """Makes an invitation and shows its link, this once."""
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    role = request.POST.get("role", "")
    if role not in _may_give(roles):
        raise Refusal("不能邀请这个角色。", "You cannot invite for that role.", status=403)
    token = people.invite(project, Role(role), by=request.user, note=request.POST.get("note", ""))
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    request.method = "GET"
    return people_page(request, project_id, link)


@login_required
@require_POST
def withdraw(request: HttpRequest, project_id: int, invitation_id: int) -> HttpResponse:
    """Makes an invitation that nobody has used expire now."""
    project, _ = project_for(request.user, project_id, Role.MANAGER)
    people.withdraw(get_object_or_404(project.invitations, pk=invitation_id), by=request.user)
    return redirect("people", project.pk)


@login_required
@require_POST
def new_password(request: HttpRequest, project_id: int, membership_id: int) -> HttpResponse:
    """Gives a member who forgot it a new password, and shows it, this once."""
    project, _ = project_for(request.user, project_id, Role.MANAGER)
    user = get_object_or_404(project.memberships.select_related("user"), pk=membership_id).user
    password = people.new_password(user, by=request.user, project=project)
    request.method = "GET"
    return people_page(request, project_id, password=(user.username, password))


@login_required
@require_POST
def member(request: HttpRequest, project_id: int, membership_id: int) -> HttpResponse:
    """Takes a role away."""
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    membership = get_object_or_404(project.memberships, pk=membership_id)
    if membership.role == Role.ADMIN and Role.ADMIN not in roles:
        raise Refusal("只有管理员能改管理员。", "Only an administrator can change one.", status=403)
    if request.POST.get("remove"):
        people.remove_role(membership, by=request.user)
    return redirect("people", project.pk)


@login_required
def skills(request: HttpRequest, project_id: int, membership_id: int) -> HttpResponse:
    """What somebody is at home in, in one role: whole categories, or single genres."""
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    membership = get_object_or_404(project.memberships, pk=membership_id, role__in=(Role.ANNOTATOR, Role.REVIEWER))
    if request.method == "POST":
        given = set(request.POST.getlist("skills"))
        membership.skills = [slug for slug in dict.fromkeys((*categories(), *genres())) if slug in given]
        with transaction.atomic():
            membership.save(update_fields=["skills"])
            record("set skills", actor=request.user, project=project, user=membership.user_id, skills=membership.skills)
        return redirect("people", project.pk)
    own = {slug: genre.category for slug, genre in genres().items() if slug != genre.category}
    groups = [(name, [slug for slug, category in own.items() if category == name]) for name in categories()]
    context = {"project": project, "roles": roles, "membership": membership, "groups": groups}
    return render(request, "studio/skills.html", context)


@login_required
@require_POST
def assign_item(request: HttpRequest, item_id: int) -> HttpResponse:
    """Gives an item to a person by name."""
    item, access = item_for(request.user, item_id)
    if not access.lead:
        raise Refusal("只有项目经理能分派。", "Only managers assign.", status=403)
    role = request.POST.get("role", "")
    if role not in (Role.ANNOTATOR, Role.REVIEWER):
        raise Refusal("只分派写作和审阅。", "Writing and reviewing are assigned, nothing else.")
    membership = get_object_or_404(item.project.memberships, user__username=request.POST.get("name", ""), role=role)
    assign.assign(item, membership.user, Role(role), made_by=request.user)
    messages.success(request, pick("已分派。", "Assigned."))
    return redirect("item", item.pk)


@login_required
def overview(request: HttpRequest, project_id: int) -> HttpResponse:
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    context = {"project": project, "roles": roles, "figures": figures.of(project), "exports": list(EXPORTS)}
    return render(request, "studio/overview.html", context)


@login_required
def release(request: HttpRequest, project_id: int) -> HttpResponse:
    """Builds a release of what is approved."""
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    done = None
    if request.method == "POST":
        done = releasing.build(project, licence=request.POST.get("licence", "").strip() or None)
        record("release", actor=request.user, project=project, released=done.released, read=done.read)
    withheld = [(labels.named(labels.WITHHELD, why), count) for why, count in done.withheld.items()] if done else []
    context = {
        "project": project,
        "roles": roles,
        "done": done,
        "withheld": withheld,
        "approved": figures.approved(project),
        "built": (releasing.folder_of(project) / "release").is_dir(),
    }
    return render(request, "studio/release.html", context)


@login_required
def release_files(request: HttpRequest, project_id: int) -> FileResponse:
    """The latest release as one file."""
    project, _ = project_for(request.user, project_id, Role.MANAGER)
    file = releasing.archive(project)
    if file is None:
        raise Http404
    record("download release", actor=request.user, project=project)
    return FileResponse(file, as_attachment=True, filename=f"release-{project.pk}.zip")


@login_required
def export(request: HttpRequest, project_id: int, name: str) -> HttpResponse:
    """What was asked for as JSON Lines, or with `.csv` at the end of its name as a table."""
    project, _ = project_for(request.user, project_id, Role.MANAGER)
    what, _, ending = name.partition(".")
    rows = EXPORTS.get(what)
    if rows is None or ending not in ("", "csv"):
        raise Http404
    record("export", actor=request.user, project=project, what=name)
    if ending:
        response = StreamingHttpResponse(as_csv(rows(project)), content_type="text/csv; charset=utf-8")
    else:
        lines = (f"{dumps(row)}\n" for row in rows(project))
        response = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    response.headers["Content-Disposition"] = f'attachment; filename="{what}.{ending or "jsonl"}"'
    return response
