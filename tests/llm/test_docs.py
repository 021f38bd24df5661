"""The manual keeps up with the code."""

import re
import tomllib
from pathlib import Path
from typing import get_args

from coig_writer.llm import weights
from coig_writer.llm.batch import Patience
from coig_writer.llm.client import Kind
from coig_writer.llm.embedded import DEFAULT_CONTEXT
from coig_writer.llm.registry import ModelSpec, load_registry

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_every_field_of_the_registry_is_described():
    page = (DOCS / "models.md").read_text()
    assert [name for name in ModelSpec.model_fields if name != "name" and f"`{name}`" not in page] == []


def test_the_registry_example_is_one(tmp_path, monkeypatch):
    (example,) = blocks("models.md", "toml")
    path = tmp_path / "models.toml"
    path.write_text(example)
    monkeypatch.setenv("COIG_WRITER_MODELS", str(path))
    assert set(load_registry()) == {"embedded", *tomllib.loads(example)["models"]}


def test_every_kind_of_failure_is_described_with_its_tries():
    page = (DOCS / "batch.md").read_text()
    assert [kind for kind in get_args(Kind) if f"`{kind}`" not in page] == []
    patience = Patience()
    for kind in ("rate-limit", "server", "connection", "timeout"):
        assert re.search(rf"`{kind}` \| {patience.tries(kind)}\b", page), kind
    assert f"`invalid-answer` | {patience.answer} " in page


def test_the_example_is_python():
    (example,) = blocks("batch.md", "python")
    compile(example, "docs/batch.md", "exec")


def test_the_embedded_model_is_described_as_it_is():
    page = (DOCS / "models.md").read_text()
    spec = load_registry()["embedded"]
    assert weights.SHA256 in page
    assert f"{weights.SIZE:,}\nbytes" in page
    assert f"`{weights.PARTS[0]}` to `{weights.PARTS[-1]}`" in page
    assert f"| {DEFAULT_CONTEXT:,} tokens" in page
    assert f"| {spec.concurrency}, or `concurrency`" in page
    for name, said in {"temperature": "temperature {}", "top_p": "top_p {}", "seed": "seed {}"}.items():
        assert said.format(spec.sampling[name]) in page
    assert f"at most {spec.sampling['max_tokens']:,} tokens" in page
