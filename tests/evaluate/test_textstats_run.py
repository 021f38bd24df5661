"""`coig-writer textstats` from files to JSON, page and workbook, and its statistics between models."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import fisher_exact
from statsmodels.stats.proportion import proportion_confint
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.evaluate.responses import read_responses
from coig_writer.evaluate.textstats.answer import analyse
from coig_writer.evaluate.textstats.run import answers_of, cross_fitted, text_statistics
from coig_writer.evaluate.textstats.spread import histogram, rate, spread
from coig_writer.files import write_jsonl
from coig_writer.packaged import load_benchmark, load_starter
from coig_writer.report.textstats_tables import rows_of, tables
from coig_writer.schema import Response

SHORT = "雨停了。她把缸搬到门口，等人来。"


def run(*arguments):
    return CliRunner().invoke(app, ["textstats", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def responses(tmp_path_factory):
    """Two models: the starter's articles, and short answers of which one in three has English in it."""
    triplets = load_starter()[:36]
    rows = [
        Response(
            id=each.id,
            query=each.prompt,
            model="articles",
            language="zh",
            response=each.article.text,
            reasoning=each.reasoning,
        )
        for each in triplets
    ]
    rows += [
        Response(
            id=each.id,
            query=each.prompt,
            model="short",
            response=SHORT + each.article.text[:60] + ("and she was never seen again" if at % 3 == 0 else ""),
        )
        for at, each in enumerate(triplets)
    ]
    asked = load_benchmark("zh")[0]
    rows.append(Response(id=asked.id, query=asked.query, model="short", response="门口来了个修伞的，五块。"))
    rows.append(Response(id="failed", query="x", model="short", error="no answer"))
    path = tmp_path_factory.mktemp("textstats") / "pred.jsonl"
    write_jsonl(path, rows)
    return path


@pytest.fixture(scope="module")
def value(responses, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "stats.json"
    shown = run("--responses", responses, "--json", out, "--tokenizer", tokenizer_in(out.parent))
    assert shown.exit_code == 0, shown.output
    return json.loads(out.read_text(encoding="utf-8"))


def tokenizer_in(folder):
    """A tokenizer.json for which every character is a token."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split

    made = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = Split(Regex(r"[\s\S]"), "isolated")
    made.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


def test_every_model_has_every_figure(value):
    assert set(value["models"]) == {"articles", "short"}
    found = value["models"]["articles"]["zh"]
    lengths = [len(each.article.text) for each in load_starter()[:36]]
    assert found["n"] == 36
    assert found["chars"]["mean"] == pytest.approx(np.mean(lengths))
    assert found["chars"]["sd"] == pytest.approx(np.std(lengths, ddof=1))
    assert [found["chars"][name] for name in ("q1", "median", "q3")] == pytest.approx(
        np.quantile(lengths, [0.25, 0.5, 0.75])
    )
    assert found["tokens"]["mean"] == found["chars"]["mean"]
    for name in ("mattr", "mtld", "hdd"):
        assert found[name] == found["spread"][name]["mean"] > found["ttr"]["mean"]
    assert sum(count for _, _, count in found["ttr"]["histogram"]) == 36
    assert found["behaviour"]["with_reasoning"] == 36
    assert len(found["behaviour"]["along"]) == 10
    assert value["failed"] == 1 and value["not_counted"] == [
        {"model": "short", "id": "failed", "sample": 0, "reason": "no answer"}
    ]
    assert value["tokenizer"].endswith("tokenizer.json")


def test_mean_ttr_is_that_of_a_plain_loop_with_jieba(value):
    import jieba

    ratios = []
    for each in load_starter()[:36]:
        words = [word for word in jieba.lcut(each.article.text) if any(map(str.isalnum, word))]
        ratios.append(len(set(words)) / len(words))
    assert value["models"]["articles"]["zh"]["ttr"]["mean"] == pytest.approx(np.mean(ratios), abs=1e-12)


def test_contamination_has_wilson_intervals_and_fishers_test(value):
    articles, short = (value["models"][model]["zh"]["contamination"] for model in ("articles", "short"))
    assert (articles["count"], articles["n"], short["count"], short["n"]) == (0, 36, 12, 37)
    assert (short["low"], short["high"]) == pytest.approx(proportion_confint(12, 37, method="wilson"))
    assert short["examples"][0]["text"] == "and she was never seen again"
    (test,) = value["tests"]["contamination"]
    assert test["p"] == pytest.approx(fisher_exact([[0, 36], [12, 25]]).pvalue)


def test_notes_say_that_length_misleads(value):
    (note,) = [each for each in value["notes"] if each["kind"] == "length"]
    assert note["evidence"]["slope"] < 0
    assert note["evidence"]["by_length_alone"] < -0.01
    (warning,) = [each for each in value["notes"] if each["kind"] == "early_warning"]
    assert warning["models"] == ["short"]
    assert "length explains more than half of it" in warning["en"]


def test_constraints_are_those_of_the_benchmark(value):
    found = value["models"]["short"]["zh"]["constraints"]
    assert found["length"] == {**rated(1, 1), "not_checkable": 0}
    assert value["models"]["articles"]["zh"]["constraints"] == {}


def rated(count, n):
    found = rate(count, n)
    return {"count": found.count, "n": found.n, "rate": found.rate, "low": found.low, "high": found.high}


def test_processes_find_what_one_process_finds(responses):
    answers = answers_of(read_responses([responses]))
    assert list(analyse(answers, None, (), processes=2)) == list(analyse(answers, None, (), processes=1))


def test_people_are_a_group_and_teach_the_flavour(responses, tmp_path):
    lexicon, out = tmp_path / "lexicon.json", tmp_path / "stats.json"
    texts = [tmp_path / f"{at}.txt" for at in range(12)]
    for path, each in zip(texts, load_starter()[40:], strict=False):
        path.write_text(each.article.text, encoding="utf-8")
    people = [argument for path in texts for argument in ("--human", path)]
    shown = run("-r", responses, *people, "--learn-lexicon", lexicon, "--json", out)
    assert shown.exit_code == 0, shown.output
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["human"]["zh"]["n"] == 12 and found["human"]["zh"]["contamination"] is None
    assert len(found["flavour"]) == 2
    again = run("-r", responses, "--lexicon", lexicon, "--json", out)
    assert again.exit_code == 0, again.output
    assert json.loads(out.read_text(encoding="utf-8"))["models"]["short"]["zh"]["flavour"]["mean"] > 0


def test_a_model_of_the_name_human_is_a_model_like_any_other(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [Response(id="q", query="写", model="human", response="雨停了。")])
    found = text_statistics(read_responses([tmp_path / "a.jsonl"]), human=["雨下了一整夜，天亮才停。"])
    assert [(row.model, row.name.en) for row in rows_of(found)] == [("human", "human"), ("(people)", "(people)")]
    assert "zh" in tables(found, "contamination")


def test_several_answers_of_a_model_to_a_query_all_count(tmp_path):
    texts = ["雨下了一整夜，天亮才停。", "雨下了一整夜，天亮也没停。", "她把缸搬到门口，等人来。"]
    rows = [Response(id="q", query="写", model="m", sample=at, response=text) for at, text in enumerate(texts)]
    write_jsonl(tmp_path / "samples.jsonl", rows)
    found = text_statistics(read_responses([tmp_path / "samples.jsonl"])).value["models"]["m"]["zh"]
    assert found["n"] == 3
    assert found["self_bleu"]["other_queries"] is None
    assert 0 < found["self_bleu"]["same_query"] < 1


def test_no_text_is_scored_by_what_it_taught(responses):
    answers = answers_of(read_responses([responses]))
    folds = cross_fitted(answers, answers)
    assert sum(each.lexicons[0].model_texts for each in folds) == len(answers)


def test_a_group_of_one_answer_has_figures_and_no_tests(tmp_path):
    write_jsonl(tmp_path / "one.jsonl", [Response(id="a", query="写", model="m", response="雨。")])
    found = text_statistics(read_responses([tmp_path / "one.jsonl"])).value
    group = found["models"]["m"]["zh"]
    assert (group["n"], group["ttr"]["mean"], group["ttr"]["sd"], group["mattr"], group["mtld"]) == (
        1,
        1,
        None,
        None,
        None,
    )
    assert group["self_bleu"] == {"other_queries": None, "same_query": None}
    assert found["tests"]["contamination"] == []


def test_rows_without_text_are_named_and_not_counted(tmp_path):
    rows = [
        {"id": "a", "query": "写", "model": "m", "response": "雨停了。\ud800"},
        {"id": "b", "query": "写", "model": "m", "response": " \n"},
        {"id": "c", "query": "写", "model": "m", "response": "<think>先想想开头"},
        {"id": "d", "query": "写", "model": "m", "response": ""},
        {"id": "e", "query": "写", "model": "m", "error": "timeout"},
        {"response": 7},
    ]
    path = tmp_path / "odd.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + '\n{"id": "broken', encoding="utf-8")
    shown = run("-r", path, "--json", tmp_path / "stats.json")
    found = json.loads((tmp_path / "stats.json").read_text(encoding="utf-8"))
    assert found["models"]["m"]["zh"]["n"] == 1
    assert found["models"]["m"]["zh"]["chars"]["mean"] == 5
    assert (found["failed"], found["empty"]) == (1, 3)
    assert {(each["id"], each["reason"]) for each in found["not_counted"]} == {
        ("b", "empty"),
        ("c", "empty"),
        ("d", "empty"),
        ("e", "timeout"),
    }
    assert [(each["row"], each["reason"].partition(":")[0]) for each in found["unread"]] == [(6, "id"), (7, "not JSON")]
    assert "6 (1 with an error, 3 without text, 2 unreadable or replaced" in shown.output


def test_an_empty_file_and_an_unknown_reference_are_refused(responses, tmp_path):
    from coig_writer.errors import InputError, SettingError

    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="no usable answer"):
        run("-r", tmp_path / "empty.jsonl")
    with pytest.raises(SettingError, match="reference model nobody"):
        run("-r", responses, "--reference", "nobody")
    with pytest.raises(SettingError, match="--human"):
        run("-r", responses, "--learn-lexicon", tmp_path / "x.json")


def test_whiskers_end_at_values_and_leave_outliers_out():
    found = spread([1, 2, 3, 4, 100])
    assert (found.low_whisker, found.high_whisker, found.median) == (1, 4, 3)
    assert spread([None]) is None


def test_a_histogram_counts_every_value_once():
    bins = histogram([0, 0.05, 0.5, 1, None])
    assert [(left, count) for left, _, count in bins if count] == [(0, 1), (0.05, 1), (0.5, 1), (0.95, 1)]
