"""The three ways to bring a model of one's own, and folders with checkpoints."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import pytest

from coig_writer.errors import ModelError, SettingError
from coig_writer.files import read_jsonl
from coig_writer.infer import models
from coig_writer.infer.models import opened
from coig_writer.infer.queries import Task
from coig_writer.infer.run import InferSettings, infer
from coig_writer.schema import Response
from support.faulty_server import FaultyServer

TASKS = [Task("a", "写雨", None, "zh"), Task("b", "坏", None, "zh")]


class Echo:
    """Says what it was asked, and with which seed."""

    def generate(self, messages, **sampling):
        if messages[-1]["content"] == "坏":
            raise ValueError("写不出")
        return f"<think>想</think>{messages[-1]['content']}·{sampling['seed']}"


def answers(name: str, tmp_path, **more) -> list[Response]:
    out = tmp_path / "pred.jsonl"
    with opened(name) as spec:
        infer(TASKS, out=out, spec=spec, settings=InferSettings(**more))
    return list(read_jsonl(out, Response))


@pytest.mark.parametrize("stream", [True, False])
def test_a_registered_class_is_a_model(tmp_path, monkeypatch, stream):
    monkeypatch.setitem(models.MODELS, "echo", Echo)
    good, bad = answers("echo", tmp_path, stream=stream)
    assert (good.model, good.response, good.reasoning) == ("echo", "写雨·1", "想")
    assert bad.error == "refusal: the server answered 400: ValueError: 写不出"


def test_a_file_beside_the_others_registered_in_init_works_as_documented(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "infer.md").read_text(encoding="utf-8")
    code = page.partition("```python\n# src/coig_writer/infer/models/mine.py\n")[2].partition("```")[0]
    assert "class Mine" in code
    module = tmp_path / "mine.py"
    module.write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import mine  # type: ignore[import-not-found]

    monkeypatch.setitem(models.MODELS, "mine", mine.Mine)
    good, _ = answers("mine", tmp_path)
    assert good.response


def test_an_entry_point_of_an_installed_package_is_a_model(tmp_path, monkeypatch):
    site = tmp_path / "site"
    info = site / "theirs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[coig_writer.models]\ntheirs = theirs:make\n")
    (site / "theirs.py").write_text(
        textwrap.dedent("""
        class Model:
            def generate(self, messages, **sampling):
                return "从别的包来的"

        def make():
            return Model()
        """)
    )
    monkeypatch.syspath_prepend(str(site))
    assert "theirs" in models.model_names()
    assert answers("theirs", tmp_path)[0].response == "从别的包来的"


def test_a_table_in_the_registry_is_a_model(tmp_path, monkeypatch):
    with FaultyServer() as server:
        registry = tmp_path / "models.toml"
        registry.write_text(f'[models.mine]\nbase_url = "{server.base_url}"\nmodel = "toy"\n')
        monkeypatch.setenv("COIG_WRITER_MODELS", str(registry))
        assert all(row.response and row.model == "mine" for row in answers("mine", tmp_path))


def test_a_model_that_cannot_be_made_says_why(monkeypatch):
    monkeypatch.setitem(models.MODELS, "broken", lambda: 1 / 0)
    with pytest.raises(ModelError, match="ZeroDivisionError"), opened("broken"):
        pass
    with pytest.raises(SettingError, match="unknown model"), opened("nobody"):
        pass


def test_a_checkpoint_without_what_serves_it_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("coig_writer.infer.models.checkpoint.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="needs torch, transformers") as caught, opened(str(tmp_path)):
        pass
    assert "coig-writer[serve]" in caught.value.remedy


def test_a_server_that_ends_at_once_shows_its_last_words(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    dying = [sys.executable, "-c", "import sys; sys.exit('no such architecture')"]
    monkeypatch.setattr("coig_writer.infer.models.checkpoint._transformers", lambda path, port, folder: (dying, "x"))
    with pytest.raises(ModelError, match="ended: no such architecture"), opened(str(tmp_path)):
        pass


def test_an_adapter_s_base_is_read(tmp_path):
    from coig_writer.infer.models.checkpoint import _base_of, is_checkpoint

    assert not is_checkpoint(tmp_path)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "Qwen/Qwen2.5-7B"}))
    assert is_checkpoint(tmp_path)
    assert _base_of(tmp_path) == "Qwen/Qwen2.5-7B"
