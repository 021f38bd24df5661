"""The real thing: the packaged model drafts and scores, whatever its answers are worth."""

import pytest

from coig_writer.annotate.run import annotate
from coig_writer.annotate.settings import AnnotateSettings
from coig_writer.annotate.steps import STEPS
from coig_writer.files import read_jsonl
from coig_writer.llm.registry import resolve
from coig_writer.schema import Article, Draft, DraftStatus

pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")

TEXT = (
    "夜里下了一场雨，院子里的石榴花落了一地。祖母早起，拿了竹扫帚慢慢地扫，扫到墙根，忽然停下来。\n\n"
    "“等它过去。”她说。一只蜗牛正驮着壳，从一片花瓣爬向另一片。我们就这样等了一顿饭的工夫。\n\n"
    "后来祖母不在了。每逢雨后，我总要绕开那块地方走，仿佛那只蜗牛还没有爬完。"
)


@pytest.mark.model
def test_one_article_all_the_way_to_the_gate(tmp_path):
    article = Article.from_text(TEXT, language="zh", genre="funny_subculture")
    settings = AnnotateSettings(
        screen_quality=0, screen_creativity=0, prompt_length=(40, 80), reasoning_length=(252, 260), facet_length=24
    )
    steps = [step for step in STEPS if step != "screen"]
    out = tmp_path / "drafts.jsonl"
    result = annotate(
        [Draft(id=article.id, article=article)], steps, out=out, spec=resolve("embedded"), settings=settings
    )
    (draft,) = read_jsonl(out, Draft)
    assert draft.status in (DraftStatus.PASSED, DraftStatus.NEEDS_REFINEMENT)
    assert draft.scores.by.startswith("llm:Qwen2.5-Coder-0.5B-Instruct-Q4_K_M@")
    assert draft.prompt and draft.reasoning and draft.gate.passed == (draft.status is DraftStatus.PASSED)
    assert result.calls.cached_share > 0.3, "later tasks on the article find it in the server's cache"
    again = annotate(
        [Draft(id=article.id, article=article)], steps, out=out, spec=resolve("embedded"), settings=settings
    )
    assert again.calls.calls == 0
