"""A studio in a temporary folder, or in the database that DATABASE_URL names; every test makes its own project."""

import itertools
import json
import shutil
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("django", reason="the studio extra is not installed")

from coig_writer.studio.configure import configure, upgrade_database

STARTER = Path(__file__).parents[2] / "src" / "coig_writer" / "data" / "starter" / "triplets.jsonl"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_numbers = itertools.count(1)
_folder = tempfile.TemporaryDirectory(prefix="studio-")
configure(Path(_folder.name), hosts=["localhost", "testserver"])  # tests import models, which need settings


@pytest.fixture(scope="session", autouse=True)
def studio():
    """The folder of the studio; its tables are made once for all tests of a process."""
    from django.conf import settings
    from django.test.utils import setup_test_environment

    setup_test_environment()  # answers then say what their templates were given
    settings.PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")  # tests sign in a lot
    upgrade_database()
    return settings.FOLDER


@pytest.fixture
def project():
    from coig_writer.studio.models import Project

    return Project.objects.create(name=f"project {next(_numbers)}")


@pytest.fixture
def person(project):
    """Makes a person with some roles in the project: `person("annotator").client.get(…)`."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from coig_writer.studio import people
    from coig_writer.studio.workflow import Role

    def make(*roles, client=None):
        user = get_user_model().objects.create_user(f"person-{next(_numbers)}")
        for role in roles:
            people.add_role(project, user, Role(role))
        user.client = Client(enforce_csrf_checks=False)
        user.client.force_login(user)
        return user

    return make


@pytest.fixture(scope="session")
def starter():
    """The packaged triplets as dictionaries: whole, and good enough to pass every check by program."""
    return [json.loads(line) for line in STARTER.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def item(project, starter):
    """Makes an item that nobody holds, from the n-th packaged triplet."""
    from coig_writer.schema import Triplet
    from coig_writer.studio import intake

    def make(number=0, **fields):
        incoming = intake._of_triplet(Triplet.model_validate(starter[number]))
        intake.add(project, [incoming])
        found = project.items.get(key=incoming.article.id)
        for name, value in fields.items():
            setattr(found, name, value)
        found.save()
        return found

    return make


SCORES = {
    "article_quality": 9,
    "article_creativity": 8,
    "prompt_quality": 9,
    "prompt_creativity": 8,
    "reasoning_quality": 9,
    "reasoning_creativity": 8,
}
MARKS = {"semantic_consistency": 5, "authenticity": 4, "coherence": 5, "diversity": 4}


@pytest.fixture
def form(starter):
    """A whole form of the workbench for the n-th packaged triplet."""

    def make(number=0, *, base=1, **changes):
        texts = {"prompt": starter[number]["prompt"], "reasoning": starter[number]["reasoning"]}
        return {**texts, **SCORES, "coherent": "yes", "base": base, **changes}

    return make


@pytest.fixture
def verdict():
    """A whole form of a review."""

    def make(item, verdict="accept", **changes):
        item.refresh_from_db()
        return {
            **MARKS,
            "verdict": verdict,
            "comment": "请改第二段" if verdict != "accept" else "",
            "version": item.submitted,
            **changes,
        }

    return make


@pytest.fixture
def settings_changed():
    """`with settings_changed(UPLOAD_BYTES=10): …`"""
    from django.test import override_settings

    return override_settings


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("*** Chromium is missing: pages are not looked at ***")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    from support.served_studio import ServedStudio

    with ServedStudio(tmp_path_factory.mktemp("served") / "studio") as found:
        yield found
