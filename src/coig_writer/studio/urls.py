"""The studio's addresses. Names of models never stand in one."""

from django.urls import path

from coig_writer.studio.api import api
from coig_writer.studio.views import (
    arena,
    drafts,
    entrance,
    items,
    known,
    manage,
    mine,
    programs,
    refused,
    reviews,
    training,
    workbench,
)

handler404 = refused.not_found
handler500 = refused.failed

urlpatterns = [
    path("", entrance.home, name="home"),
    path("sign-in", entrance.sign_in, name="sign-in"),
    path("sign-out", entrance.sign_out, name="sign-out"),
    path("language", entrance.language, name="language"),
    path("account", entrance.account, name="account"),
    path("invitation/<str:token>", entrance.invitation, name="invitation"),
    path("projects/new", manage.new_project, name="new-project"),
    path("projects/<int:project_id>/", mine.mine, name="mine"),
    path("projects/<int:project_id>/claim/<str:role>", mine.claim, name="claim"),
    path("projects/<int:project_id>/items", items.listing, name="items"),
    path("projects/<int:project_id>/import", items.import_file, name="import"),
    path("projects/<int:project_id>/propose", items.propose, name="propose"),
    path("projects/<int:project_id>/people", manage.people_page, name="people"),
    path("projects/<int:project_id>/people/invite", manage.invite, name="invite"),
    path("projects/<int:project_id>/people/<int:membership_id>", manage.member, name="member"),
    path("projects/<int:project_id>/overview", manage.overview, name="overview"),
    path("projects/<int:project_id>/release", manage.release, name="release"),
    path("projects/<int:project_id>/export/<str:name>", manage.export, name="export"),
    path("projects/<int:project_id>/course", training.course, name="course"),
    path("projects/<int:project_id>/course/<str:name>", training.unit, name="unit"),
    path("projects/<int:project_id>/calibrations/<int:calibration_id>", training.calibrate, name="calibrate"),
    path("projects/<int:project_id>/gold", known.known, name="gold"),
    path("items/<int:item_id>/", workbench.workbench, name="item"),
    path("items/<int:item_id>/save", workbench.save, name="save"),
    path("items/<int:item_id>/check", workbench.check, name="check"),
    path("items/<int:item_id>/submit", workbench.submit, name="submit"),
    path("items/<int:item_id>/drafts/<str:step>/stream", drafts.stream, name="draft"),
    path("items/<int:item_id>/versions", workbench.versions, name="versions"),
    path("items/<int:item_id>/release", mine.give_back, name="give-back"),
    path("items/<int:item_id>/assign", manage.assign_item, name="assign"),
    path("items/<int:item_id>/review", reviews.review, name="review"),
    path("items/<int:item_id>/inspect", reviews.inspect, name="inspect"),
    path("items/<int:item_id>/remarks", reviews.remarks, name="remarks"),
    path("items/<int:item_id>/remarks/<int:comment_id>/settle", reviews.settle, name="settle"),
    path("projects/<int:project_id>/arena", arena.contests, name="arena"),
    path("arena/<int:contest_id>/next", arena.go_on, name="next-sheet"),
    path("arena/<int:contest_id>/results", arena.results, name="results"),
    path("arena/<int:contest_id>/close", arena.close, name="close-contest"),
    path("sheets/<int:sheet_id>/", arena.sheet, name="sheet"),
    path("sheets/<int:sheet_id>/choose", arena.choose, name="choose"),
    path("projects/<int:project_id>/programs", programs.programs, name="programs"),
    path("api/", api.urls),
    path("health", entrance.health, name="health"),
    path("metrics", entrance.metrics, name="metrics"),
]
