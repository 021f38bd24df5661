"""What is sent is exactly what the page on inference says."""

from __future__ import annotations

import pytest

from coig_writer.errors import InputError
from coig_writer.files import write_jsonl
from coig_writer.infer.prompting import Prompting, read_exemplars
from coig_writer.infer.queries import Task
from coig_writer.packaged import load_exemplars, load_starter
from coig_writer.schema import Article, Triplet
from coig_writer.taxonomy import categories, genres

TASK = Task("q", "写一副春联。", "couplet", "zh")


def exemplar(number: int, genre: str = "couplet") -> Triplet:
    article = Article.from_text(f"作品{number}", genre=genre)
    return Triplet(id=article.id, prompt=f"要求{number}", reasoning=f"构思{number}", article=article, genre=genre)


SHOWN = {"poetry": [exemplar(number) for number in range(1, 6)]}


def test_zero_shot_is_the_query_alone():
    assert Prompting().messages(TASK) == [{"role": "user", "content": "写一副春联。"}]
    assert Prompting(system="你是作家。").messages(TASK)[0] == {"role": "system", "content": "你是作家。"}


def test_five_shot_as_turns():
    chat = Prompting("five-shot", exemplars=SHOWN).messages(TASK)
    assert [message["role"] for message in chat] == ["user", "assistant"] * 5 + ["user"]
    assert [message["content"] for message in chat] == [
        "要求1", "作品1", "要求2", "作品2", "要求3", "作品3", "要求4", "作品4", "要求5", "作品5", "写一副春联。"
    ]  # fmt: skip


def test_five_shot_inline():
    (message,) = Prompting("five-shot", shape="inline", exemplars={"poetry": SHOWN["poetry"][:2]}).messages(TASK)
    assert message["content"] == (
        "下面是2个范例，每个先列写作要求，再列成品。\n\n【范例1 写作要求】\n要求1\n\n【范例1 成品】\n作品1\n\n"
        "【范例2 写作要求】\n要求2\n\n【范例2 成品】\n作品2\n\n【写作要求】\n写一副春联。"
    )


def test_plan_first_asks_for_the_reasoning_and_shows_it():
    chat = Prompting("five-shot", plan_first=True, exemplars=SHOWN).messages(TASK)
    assert chat[1]["content"] == "<think>\n构思1\n</think>\n\n作品1"
    assert chat[-1]["content"].startswith("写一副春联。\n\n请先想清楚怎样写，把构思放在 <think> 和 </think> 之间")
    english = Prompting(plan_first=True).messages(Task("q", "A haiku.", None, "en"))[-1]["content"]
    assert "between <think> and </think>" in english


def test_exemplars_are_of_the_query_s_category_and_never_the_query_itself():
    prompting = Prompting("five-shot", exemplars=load_exemplars())
    for triplet in load_starter():
        shown = prompting.shown_for(Task(triplet.id, triplet.prompt, triplet.genre, "zh"))
        assert triplet.prompt not in [each.prompt for each in shown]
        assert {genres()[each.genre].category for each in shown} == {genres()[triplet.genre].category}


def test_a_query_of_no_genre_sees_one_of_each_category():
    shown = Prompting("five-shot", exemplars=load_exemplars()).shown_for(Task("q", "写。", None, "zh"))
    assert [genres()[each.genre].category for each in shown] == list(categories())[:5]


def test_exemplars_of_one_s_own(tmp_path):
    path = tmp_path / "mine.jsonl"
    write_jsonl(path, [exemplar(1), exemplar(2, "essay")])
    assert {name: [each.prompt for each in mine] for name, mine in read_exemplars(path).items()} == {
        "poetry": ["要求1"],
        "nonfiction": ["要求2"],
    }
    path.write_text("")
    with pytest.raises(InputError, match="no triplets"):
        read_exemplars(path)


def test_the_template_changes_with_our_words_and_exemplars_only():
    names = [
        Prompting(),
        Prompting(plan_first=True),
        Prompting("five-shot", exemplars=SHOWN),
        Prompting("five-shot", exemplars={"poetry": SHOWN["poetry"][:4]}),
        Prompting("five-shot", shape="inline", exemplars=SHOWN),
        Prompting(system="你"),
    ]
    assert len({each.template for each in names}) == len(names)
    assert Prompting().template == Prompting().template
