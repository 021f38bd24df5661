from pathlib import Path

import pytest

from coig_writer.corpus.candidates import CANDIDATE_COLUMNS, REJECTED_COLUMNS
from coig_writer.corpus.fields import ALIASES
from coig_writer.corpus.reasons import REASONS, STAGES
from coig_writer.corpus.settings import CorpusSettings, load_settings
from coig_writer.errors import SettingError

DOCS = (Path(__file__).parents[2] / "docs" / "corpus.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [field.alias or name for name, field in CorpusSettings.model_fields.items()])
def test_every_setting_is_documented_with_its_default(name):
    assert f"| `{name}` |" in DOCS


@pytest.mark.parametrize("name", [*REASONS, *CANDIDATE_COLUMNS, *REJECTED_COLUMNS, *ALIASES])
def test_every_reason_and_column_is_documented(name):
    assert f"`{name}`" in DOCS


def test_every_reason_belongs_to_a_stage():
    assert {stage for stage, _ in REASONS.values()} == set(STAGES)


@pytest.mark.parametrize(
    "content",
    [
        *("no_such_setting = 1", "min_logic = 2", "published_after = 'soon'", "not toml", "script = 'both'"),
        *("language = 'zh-CN'", "language = 'ZH'", "language = ''", "[map]\nbody = 'text'", "[map]\ntext = ''"),
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error(tmp_path, content):
    path = tmp_path / "s.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingError) as caught:
        load_settings(path)
    assert caught.value.where == str(path)
    assert caught.value.remedy


def test_what_is_wrong_is_named_with_what_would_be_right():
    with pytest.raises(SettingError, match="setting 'language': 'zh-CN' is neither `any` nor a code of two"):
        CorpusSettings().changed(language="zh-CN")
    with pytest.raises(SettingError, match="setting 'map': 'body' is none of our columns, which are text, title"):
        CorpusSettings().changed(map={"body": "x"})


def test_a_mapping_is_added_to_the_one_that_is_there():
    settings = CorpusSettings(map={"title": "标题行", "text": "x"}).changed(map={"text": "内容"})
    assert settings.columns == {"title": "标题行", "text": "内容"}
    assert settings.changed(map={}).columns == settings.columns
