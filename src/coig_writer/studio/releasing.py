"""Releases of approved items: the same folder that `coig-writer dataset build` writes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from django.conf import settings

from coig_writer.errors import CoigError
from coig_writer.studio import told
from coig_writer.studio.export import write_triplets
from coig_writer.studio.models import Project
from coig_writer.studio.refusal import Refusal

if TYPE_CHECKING:
    from coig_writer.dataset.build import ReleaseSummary


def folder_of(project: Project) -> Path:
    """Where a project's releases lie."""
    return settings.FOLDER / "releases" / f"project-{project.pk}"


def build(project: Project, *, licence: str | None = None) -> ReleaseSummary:
    """Writes the approved triplets and builds the release from them; an earlier one is replaced.

    Raises:
        Refusal: nothing is approved, or the release cannot be built.
    """
    from coig_writer.dataset.build import build_release  # heavy, and rarely needed: the server starts without it
    from coig_writer.report.release import render_report

    place = folder_of(project)
    approved = place / "approved.jsonl"
    if not write_triplets(project, approved):
        raise Refusal("还没有已批准的。", "Nothing is approved yet.", status=409)
    try:
        return build_release(
            [approved],
            place / "release",
            report=render_report,
            title=project.name,
            licence=licence,
            gate_sum=project.gate_sum,
            gate_each=project.gate_each,
        )
    except CoigError as error:
        said = told.of_error(error)
        raise Refusal(f"发布没有建成：{said.zh}", f"The release could not be built: {said.en}") from error


def archive(project: Project) -> IO[bytes] | None:
    """The files of the latest release in one ZIP, open at its beginning; None when there is no release."""
    folder = folder_of(project) / "release"
    if not folder.is_dir():
        return None
    file = TemporaryFile()  # noqa: SIM115 - it lives as long as the answer that sends it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            packed.write(path, Path("release") / path.relative_to(folder))
    file.seek(0)
    return file
