from collections import Counter
from datetime import timedelta

import pytest
from corpus_texts import GOOD, OTHER

from coig_writer.corpus import build as room
from coig_writer.corpus import summary
from coig_writer.corpus.build import build
from coig_writer.corpus.summary import finished_before, tally
from coig_writer.files import write_jsonl


@pytest.fixture
def built(tmp_path):
    """Builds from texts with the given dates; returns the folder."""

    def built(*dates: str):
        records = [{"text": text, "date": day} for text, day in zip((GOOD, OTHER), dates, strict=True)]
        write_jsonl(tmp_path / "a.jsonl", records)
        build([tmp_path / "a.jsonl"], tmp_path / "out")
        return tmp_path / "out"

    return built


def test_a_date_that_was_in_the_future_is_looked_at_again_on_another_day(built):
    out = built("2024-03-05", "2099-01-01")
    mark = room.Summary.model_validate_json((out / "summary.json").read_bytes()).fingerprint
    day = room.Summary.model_validate_json((out / "summary.json").read_bytes()).built_on
    assert finished_before(out, mark, day)
    assert finished_before(out, mark, day + timedelta(days=1)) is None
    assert finished_before(out, "another", day) is None


def test_without_such_a_date_the_day_does_not_matter(built):
    out = built("2024-03-05", "2024-03-06")
    before = room.Summary.model_validate_json((out / "summary.json").read_bytes())
    assert finished_before(out, before.fingerprint, before.built_on + timedelta(days=900))


@pytest.mark.parametrize(("read", "kept"), [(5, 2), (4, 1), (0, 0)])
def test_counts_that_do_not_add_up_are_an_error_however_python_is_run(read, kept):
    with pytest.raises(RuntimeError, match=f"{read} rows read, but {kept} kept and 2 rejected"):
        tally(read, kept, Counter({"too-old": 2}))


def test_a_reason_that_no_stage_gives_is_an_error():
    with pytest.raises(RuntimeError, match="3 rows leave the last stage, but 2 are kept"):
        tally(3, 2, Counter({"no such reason": 1}))


@pytest.mark.parametrize("name", ["python", "charset-normalizer", "lxml", "pyarrow", "opencc"])
def test_what_decides_about_the_result_is_in_the_fingerprint(name):
    assert any(part.startswith(f"{name} ") for part in summary._software())


@pytest.mark.parametrize("name", ["schema.py", "taxonomy.py", "data/taxonomy.toml", "corpus/dimensions/logic.py"])
def test_a_changed_module_changes_the_fingerprint(name, tmp_path, monkeypatch):
    package = tmp_path / "package"
    for path in (summary.files("coig_writer")).rglob("*"):
        if path.suffix in (".py", ".toml"):
            copy = package / path.relative_to(summary.files("coig_writer"))
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(summary, "files", lambda _: package)
    before = summary._software.__wrapped__()
    with open(package / name, "a", encoding="utf-8") as file:
        file.write("# changed")
    assert summary._software.__wrapped__() != before
