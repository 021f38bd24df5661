"""Card, data sheet and Croissant metadata say what the data says, name nobody, and are read by others' software."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.dataset.build import build_release
from coig_writer.dataset.contributors import contributors, source_licences
from coig_writer.dataset.croissant import validate
from coig_writer.dataset.datasheet import render_datasheet
from coig_writer.errors import InputError
from coig_writer.files import write_jsonl
from coig_writer.report.release import render_report
from coig_writer.schema import Provenance
from support.drafts import DRAFTS, drafts, release_of, review, scores, triplet

NAMES = ("林小满", "吴大有", "陈一鸣")


def people(count: int = 3):
    """Triplets by three authors, reviewed and scored by three people."""
    for at in range(count):
        name = NAMES[at % 3]
        article = triplet().article.model_copy(update={"author": name if at != 2 else "佚名", "platform": "论坛"})
        yield triplet(
            review("accept", by=f"human:{name}"),
            id=str(at),
            article=article,
            scores=[scores(9, 9, 9, 9, 9, 9, by=f"human:{name}")],
            provenance=Provenance(drafted_by="llm:toy" if at else f"human:{name}"),
        )


def test_contributors_are_counted_and_not_named():
    release = release_of(list(people()))
    found = contributors(release)
    assert (found.authors, found.unnamed, found.reviewers, found.raters) == (2, 1, 3, 3)
    assert (found.writers, found.models) == (1, 1)
    sheet = render_datasheet(release)
    assert "| people who reviewed | 3 |" in sheet
    assert not any(name in sheet for name in NAMES)


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        (None, "all rights stay with the author"),
        ("CC BY-NC-SA 4.0", "naming the author, no commercial use, the same licence"),
        ("cc0-1.0", "public domain"),
        ("家传许可", "Read the terms"),
    ],
)
def test_each_source_has_a_note_about_its_licence(licence, said):
    article = triplet().article.model_copy(update={"licence": licence, "platform": "论坛"})
    found = source_licences(release_of([triplet(article=article)]))
    assert [(each.platform, each.count) for each in found] == [("论坛", 1)]
    assert said in found[0].note


def test_the_sheet_counts_what_is_missing_and_what_is_personal():
    article = triplet().article.model_copy(
        update={"text": "打 13812345678 找我", "url": None, "published": None, "licence": None}
    )
    sheet = render_datasheet(release_of([triplet(article=article)]))
    assert re.search(r"Not recorded: .*url in 1.*licence in 1", sheet)
    assert "A program found:" in sheet
    assert "13812345678" not in sheet


def test_hostile_text_stays_text():
    bad = "<script>x</script> | [a](http://h)\n# head"
    article = triplet().article.model_copy(update=dict.fromkeys(("platform", "licence"), bad))
    sheet = render_datasheet(release_of([triplet(article=article)], title=bad, licence=bad))
    acting = re.sub(r"\\.", "", sheet)
    assert "<script" not in acting
    assert "](http" not in acting
    assert "\n# head" not in acting


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "release"
    build_release([DRAFTS], out, report=render_report, include_unreviewed=True, licence="cc-by-4.0", title="灯下集")
    return out


def test_mlcroissant_validates_the_metadata_and_reads_the_records(built):
    import mlcroissant

    validate(built / "croissant.json")
    dataset = mlcroissant.Dataset(jsonld=str(built / "croissant.json"))
    records = list(dataset.records("triplets"))
    written = [json.loads(line) for line in (built / "triplets.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(records) == len(written) == 7
    assert [record["triplets/article"].decode() for record in records] == [row["article"] for row in written]
    assert [record["triplets/metadata/genre"].decode() for record in records] == [
        row["metadata"]["genre"] for row in written
    ]
    assert dataset.metadata.name == "灯下集"


def test_broken_metadata_is_an_error(tmp_path, built):
    value = json.loads((built / "croissant.json").read_text(encoding="utf-8"))
    value["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "elsewhere.jsonl"
    (tmp_path / "croissant.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(InputError, match="not valid Croissant"):
        validate(tmp_path / "croissant.json")
    with pytest.raises(InputError, match="no Croissant"):
        validate(tmp_path / "missing.json")


def test_the_card_of_a_release_is_the_one_that_was_built(built, tmp_path):
    shown = CliRunner().invoke(app, ["dataset", "card", str(built), "--out", str(tmp_path), "--check"])
    assert shown.exit_code == 0, shown.output
    assert "valid" in shown.output
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| `triplets.parquet`" in card
    assert (tmp_path / "DATASHEET.md").read_bytes() == (built / "DATASHEET.md").read_bytes()


def test_any_file_has_a_card_that_claims_no_gate(tmp_path):
    write_jsonl(tmp_path / "mine.jsonl", [draft.to_triplet() for draft in drafts() if draft.status == "passed"])
    shown = CliRunner().invoke(app, ["dataset", "card", str(tmp_path / "mine.jsonl"), "--licence", "mit"])
    assert shown.exit_code == 0, shown.output
    assert "No gate was applied here" in shown.stdout
    assert "triplets.parquet" not in shown.stdout
    assert "license: mit" in shown.stdout
