"""Mixtures are nested, repeatable, free of what they must not hold, and say truly what they are made of."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.dataset.mix import PAPER, Recipe, build_mixtures
from coig_writer.dataset.near import Neighbourhood, Quotations
from coig_writer.dataset.sets import TripletSet
from coig_writer.dataset.tokens import count_tokens, cut_off, load_tokenizer
from coig_writer.dataset.tombstones import Tombstone
from coig_writer.errors import InputError, SettingError, StorageError
from coig_writer.files import write_jsonl
from coig_writer.packaged import load_benchmark
from support.published_set import published_set

RECIPES = (Recipe("cw", 0), Recipe("cw-10", 10), Recipe("cw-50", 50), Recipe("g", 60, creative=False))
QUERY = load_benchmark("zh")[0]


def general(count: int) -> list[dict]:
    return [
        {
            "instruction": f"第{at}个问题：说说编号{at * 7919}的东西是什么做的",
            "input": "",
            "output": f"编号{at * 7919}是{'木石铁纸布'[at % 5]}做的。",
        }
        for at in range(count)
    ]


@pytest.fixture
def release(tmp_path) -> Path:
    write_jsonl(tmp_path / "full.jsonl", published_set()[200:251])
    return tmp_path


def build(release: Path, records: list[dict], out: str = "out", recipes=RECIPES, **more):
    write_jsonl(release / "general.jsonl", records)
    triplets = TripletSet([release / "full.jsonl"])
    return build_mixtures(
        triplets, [release / "general.jsonl"], release / out, recipes, benchmark=load_benchmark(), **more
    )


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ids(path: Path, source: str = "general") -> set[str]:
    return {row["id"] for row in lines(path) if row["source"] == source}


def test_smaller_mixtures_lie_within_larger_ones(release):
    build(release, general(100))
    out = release / "out"
    small, large, alone = (ids(out / f"{name}.jsonl") for name in ("cw-10", "cw-50", "g"))
    assert small < large < alone
    assert (len(small), len(large), len(alone)) == (10, 50, 60)
    assert ids(out / "cw-10.jsonl", "creative") == {triplet.id for triplet in published_set()[200:251]}
    assert ids(out / "g.jsonl", "creative") == set()


def test_built_twice_they_are_the_same_bytes_even_from_a_shuffled_file(release):
    records = general(100)
    build(release, records)
    build(release, records, out="again")
    for path in sorted((release / "out").iterdir()):
        assert path.read_bytes() == (release / "again" / path.name).read_bytes(), path.name
    build(release, records[::-1], out="shuffled")
    for recipe in RECIPES:
        name = f"{recipe.name}.jsonl"
        assert (release / "out" / name).read_bytes() == (release / "shuffled" / name).read_bytes()


def test_another_seed_takes_others(release):
    build(release, general(100))
    build(release, general(100), out="other", seed=7)
    assert ids(release / "out" / "cw-10.jsonl") != ids(release / "other" / "cw-10.jsonl")


def test_the_ratio_is_the_true_one(release):
    summary = build(release, general(100), recipes=(Recipe("a", 0), Recipe("b", 100), Recipe("g", 9, creative=False)))
    assert [each.ratio for each in summary.mixtures] == ["1:0", "1:2.0", "0:1"]
    paper = [recipe for recipe in PAPER if recipe.creative][-1]
    assert f"1:{paper.general / 1665:.1f}" == "1:6.0"
    few = build(release, general(100), recipes=(Recipe("a", 1), Recipe("b", 50), Recipe("c", 51)))
    assert [each.ratio for each in few.mixtures] == ["1:0.02", "1:0.98", "1:1.0"]


def test_what_resembles_benchmark_or_triplets_is_left_out_with_its_reason(release):
    own, other = published_set()[200], max((triplet.article.text for triplet in published_set()), key=len)
    bad = [
        {"instruction": QUERY.query[:-2], "output": "答"},
        {"instruction": f"{other[:900]}{QUERY.query}{other[900:1800]}", "output": "答"},
        {"instruction": own.prompt + "好", "output": "答"},
        {"instruction": "这是什么文章", "output": own.article.text[:-1]},
        general(1)[0],
        {"instruction": "问", "output": ""},
    ]
    summary = build(release, general(100) + bad)
    assert summary.left_out == {
        "duplicate": 1,
        "near_benchmark": 1,
        "near_creative_article": 1,
        "near_creative_prompt": 1,
        "quotes_benchmark": 1,
        "unreadable": 1,
    }
    assert summary.read == summary.general + sum(summary.left_out.values()) == 106
    left = {row["reason"]: row for row in lines(release / "out" / "left_out.jsonl")}
    assert left["near_benchmark"]["detail"] == f"query {QUERY.id}"
    assert left["near_benchmark"]["where"] == "general.jsonl:101"
    assert left["near_creative_article"]["detail"] == f"triplet {own.id}"


def test_what_was_taken_down_is_mixed_by_nobody_who_has_the_list(release):
    own = published_set()[200]
    write_jsonl(release / "list.jsonl", [Tombstone(id=own.id, reason="作者要求撤下")])
    summary = build(release, general(30), recipes=(Recipe("cw", 0),), retracted=[release / "list.jsonl"])
    assert (summary.creative, summary.left_out) == (50, {"retracted": 1})
    (release / "list.jsonl").rename(release / "retracted.jsonl")  # where a release keeps it
    assert build(release, general(30), recipes=(Recipe("cw", 0),)).creative == 50
    assert own.article.text not in (release / "out" / "cw.jsonl").read_text(encoding="utf-8")


def test_without_any_general_example_nothing_is_written_and_the_reason_told(release):
    with pytest.raises(SettingError, match="no file of general data"):
        build_mixtures(TripletSet([release]), [], release / "out", RECIPES, benchmark=[])
    with pytest.raises(InputError, match=r"of 2 general records none can be used: 2 unreadable \(general.jsonl:1: "):
        build(release, [{"question": "问"}, {"instruction": "问", "output": ""}])
    assert not (release / "out").exists()


def test_too_few_are_all_taken_and_said(release):
    mixture = build(release, general(20), recipes=(Recipe("cw-50", 50),)).mixtures[0]
    assert (mixture.general, mixture.wanted) == (20, 50)


def test_a_completion_is_reasoning_and_article_or_the_article(release):
    build(release, general(5), recipes=(Recipe("cw", 0),))
    own = {triplet.id: triplet for triplet in published_set()}
    for row in lines(release / "out" / "cw.jsonl"):
        triplet = own[row["id"]]
        assert row["prompt"] == [{"role": "user", "content": triplet.prompt}]
        answer = row["completion"][0]["content"]
        assert answer == f"<think>\n{triplet.reasoning}\n</think>\n\n{triplet.article.text}"
    build(release, general(5), recipes=(Recipe("cw", 0),), reasoning=False, out="bare")
    assert {row["completion"][0]["content"] for row in lines(release / "bare" / "cw.jsonl")} == {
        triplet.article.text for triplet in published_set()[200:251]
    }


def test_the_manifest_has_the_hash_of_every_file(release):
    build(release, general(30))
    manifest = json.loads((release / "out" / "manifest.json").read_text(encoding="utf-8"))
    files = {path.name for path in (release / "out").iterdir()} - {"manifest.json"}
    assert set(manifest["files"]) == files
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == hashlib.sha256((release / "out" / name).read_bytes()).hexdigest()
    assert [each["name"] for each in manifest["inputs"]] == ["full.jsonl", "general.jsonl"]
    told = manifest["settings"]["benchmark"]
    assert told["queries"] == len(load_benchmark())
    fewer = build_mixtures(
        TripletSet([release]), [], release / "fewer", (Recipe("cw", 0),), benchmark=[QUERY], tokenizer_name=str(release)
    )
    settings = json.loads((fewer.out / "manifest.json").read_text(encoding="utf-8"))["settings"]
    assert settings["benchmark"]["sha256"] != told["sha256"]
    assert settings["tokenizer"] == release.name  # and not the folders of this machine


@pytest.fixture
def letters(tmp_path) -> str:
    """A tokenizer file that makes one token of each character."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    return str(path)


def test_tokens_are_those_of_the_tokenizer(release, letters):
    assert count_tokens(["雨停了", "", "ab\n"], load_tokenizer(letters)) == [3, 0, 3]
    summary = build(
        release, general(30), tokenizer=load_tokenizer(letters), tokenizer_name="letters", contexts=(100, 10**6)
    )
    for each in summary.mixtures:
        assert each.tokens == each.characters
        assert each.cut_off[1].samples == 0
    creative = summary.mixtures[0]
    assert creative.tokens == creative.tokens_creative
    assert creative.cut_off[0].samples == 51


def test_the_cut_off_is_what_lies_beyond_the_context():
    found = cut_off([90, 95, 5], [2, 2, 2], 100)  # 100, 105 and 15 tokens with their templates
    assert (found.samples, found.tokens, found.share) == (1, 5, 5 / 220)


def test_wrong_settings_are_refused_with_a_remedy(release, tmp_path):
    with pytest.raises(SettingError, match="tokens"):
        build(release, general(3), contexts=(100,))
    with pytest.raises(SettingError, match="below 1"):
        build(release, general(3), contexts=(0,), tokenizer=object())
    with pytest.raises(SettingError, match="same name"):
        build(release, general(3), recipes=(RECIPES[0], RECIPES[0]))
    with pytest.raises(SettingError, match="tokenizer"):
        load_tokenizer(str(release / "general.jsonl"))
    (tmp_path / "full.jsonl").write_text("")
    with pytest.raises(InputError, match="no triplets"):
        build(tmp_path, general(3))


def test_a_folder_of_something_else_is_left_alone(release):
    (release / "out").mkdir()
    (release / "out" / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="not empty"):
        build(release, general(3))
    assert (release / "out" / "mine.txt").read_text() == "mine"


def test_mixtures_replace_earlier_ones(release):
    build(release, general(30))
    build(release, general(30), recipes=(Recipe("cw", 0),))
    assert {path.name for path in (release / "out").iterdir()} == {"cw.jsonl", "left_out.jsonl", "manifest.json"}


def test_the_command_prints_the_ratio(release):
    write_jsonl(release / "general.jsonl", general(60))
    arguments = ["--creative", str(release), "--general", str(release / "general.jsonl"), "--out", str(release / "out")]
    shown = CliRunner().invoke(app, ["dataset", "mix", *arguments, "--general-count", "51"])
    assert shown.exit_code == 0, shown.output
    assert "1:1.0" in shown.output
    as_json = CliRunner().invoke(app, ["dataset", "mix", *arguments, "--general-count", "0", "--json"])
    assert json.loads(as_json.stdout)["mixtures"][0]["ratio"] == "1:0"


def test_the_neighbourhood_finds_near_copies_and_nothing_else():
    texts = [triplet.article.text for triplet in published_set()[300:340]]
    near = [text[: len(text) // 2] + "插" + text[len(text) // 2 :] for text in texts]
    found = Neighbourhood(texts).matches([*near, "毫不相干的一句话而已", ""])
    assert [match and match.index for match in found] == [*range(40), None, None]
    assert all(match.similarity > 0.9 for match in found[:40])
    assert Neighbourhood([]).matches(["一"]) == [None]


def test_quotations_are_found_inside_longer_texts():
    found = Quotations(["请写一首关于秋天江边送别的七言绝句", "短"])
    match = found.match(f"{'无关' * 200}请写一首关于秋天、江边送别的七言绝句。{'无关' * 200}")
    assert (match.index, match.similarity) == (0, 1.0)
    assert found.match("请写一首诗") is None
    assert found.match("短短短短短短短短短短") is None
