"""The button that builds a release, and the file that it is taken away in."""

import io
import zipfile

from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.schema import DIMENSIONS
from coig_writer.studio.models import Decision, Version
from coig_writer.studio.workflow import Status

MARKS = {"semantic_consistency": 5, "authenticity": 4, "coherence": 5, "diversity": 4}


def approved(item, author, reviewer, number, verdict):
    """The n-th packaged triplet as one that was written, reviewed with this verdict, and approved."""
    one = item(number)
    shown = one.versions.get(number=1)
    scores = dict.fromkeys(DIMENSIONS, 9)
    Version.objects.create(
        item=one, number=2, author=author, prompt=shown.prompt, reasoning=shown.reasoning, scores=scores, coherent=True
    )
    Decision.objects.create(item=one, user=reviewer, verdict=verdict, round=1, version=2, **MARKS)
    type(one).objects.filter(pk=one.pk).update(status=Status.APPROVED, head=2, submitted=2)


def test_the_page_says_what_is_not_released_and_gives_the_files(project, item, person, tmp_path):
    author, reviewer, manager = person("annotator"), person("reviewer"), person("manager")
    page, files = f"/projects/{project.pk}/release", f"/projects/{project.pk}/release.zip"
    assert manager.client.get(files).status_code == 404
    for number, verdict in enumerate(["accept", "send_back", "send_back"]):
        approved(item, author, reviewer, number, verdict)
    assert "release.zip" not in manager.client.get(page).content.decode()
    built = manager.client.post(page, {}).content.decode()
    assert "已建好：1 篇入库" in built
    assert "审阅退回：2 篇" in built
    assert files in built
    answer = manager.client.get(files)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="release-{project.pk}.zip"'
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as packed:
        assert {"release/README.md", "release/manifest.json", "release/full.jsonl"} <= set(packed.namelist())
        packed.extractall(tmp_path)
        texts = [packed.read(name) for name in packed.namelist()]
    assert not any(user.username.encode() in text for user in (author, reviewer, manager) for text in texts)
    done = CliRunner().invoke(app, ["dataset", "validate", str(tmp_path / "release")])
    assert done.exit_code == 0, done.output
    for other in (author, reviewer, person("inspector"), person("evaluator")):
        assert other.client.get(files).status_code == 403


def test_a_release_that_cannot_be_built_says_why_in_the_language_of_the_page(project, item, person):
    author, reviewer, manager = person("annotator"), person("reviewer"), person("manager")
    page = f"/projects/{project.pk}/release"
    for number in (0, 1):
        approved(item, author, reviewer, number, "send_back")
    told = manager.client.post(page, {}).content.decode()
    assert "发布没有建成：approved.jsonl：没有可发布的：2 条都没有过关（审阅退回 2 条）。请接着修改。" in told
    manager.client.post("/language", {"language": "en", "next": page})
    told = manager.client.post(page, {}).content.decode()
    assert "approved.jsonl: nothing to release: of 2 records none passes (2 sent back by review)." in told
