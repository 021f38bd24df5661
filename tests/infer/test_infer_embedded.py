"""The packaged model, shown how to think aloud, has its reasoning and its response apart."""

from __future__ import annotations

import pytest

from coig_writer.files import read_jsonl
from coig_writer.infer.models import opened
from coig_writer.infer.prompting import Prompting
from coig_writer.infer.queries import Task
from coig_writer.infer.run import InferSettings, infer
from coig_writer.schema import Article, Response, Triplet

pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")

SHOWN = [
    ("写一句话：下雨。", "写声音，不写湿。", "雨点敲着铁皮棚，像有人在数豆子。"),
    ("写一句话：回家。", "写门，不写人。", "门没有锁，灯也没有关。"),
    ("写一句话：夏天。", "写一样吃的。", "西瓜还没切，刀一碰，自己裂了。"),
]


def exemplar(prompt: str, reasoning: str, text: str) -> Triplet:
    article = Article.from_text(text, genre="everyday_story")
    return Triplet(id=article.id, prompt=prompt, reasoning=reasoning, article=article, genre="everyday_story")


@pytest.mark.model
def test_it_thinks_as_it_was_shown(tmp_path):
    prompting = Prompting("five-shot", plan_first=True, exemplars={"novel": [exemplar(*each) for each in SHOWN]})
    task = Task("1", "写一句话：冬天。", "everyday_story", "zh")
    with opened("embedded") as spec:
        settings = InferSettings(prompting, sampling={"max_tokens": 120})
        infer([task], out=tmp_path / "pred.jsonl", spec=spec, settings=settings)
    (row,) = read_jsonl(tmp_path / "pred.jsonl", Response)
    assert row.error is None
    assert row.reasoning and row.response
    assert "think>" not in row.reasoning + row.response
    assert row.prompt_tokens > 100
    assert 0 < row.first_token_seconds < row.seconds
