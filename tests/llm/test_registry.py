from pathlib import Path

import platformdirs
import pytest

from coig_writer.errors import SettingError
from coig_writer.llm.registry import ModelSpec, load_registry, plain_url, resolve


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """An empty working folder and an empty user folder; returns the two registry files."""
    monkeypatch.chdir(tmp_path)
    user = tmp_path / "user"
    user.mkdir()
    monkeypatch.setattr(platformdirs, "user_config_path", lambda _: user)
    for name in ("COIG_WRITER_MODELS", "COIG_WRITER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "models.toml", user / "models.toml"


def entry(name: str, url: str = "http://host/v1") -> str:
    return f'[models.{name}]\nbase_url = "{url}"\nmodel = "m"\n'


def test_embedded_is_always_there(folders):
    assert load_registry()["embedded"].base_url is None
    assert resolve("embedded").name == "embedded"


def test_the_working_folder_wins_over_the_user_folder_and_adds_to_it(folders):
    here, user = folders
    here.write_text(entry("a", "http://here/v1"))
    user.write_text(entry("a", "http://user/v1") + entry("b"))
    models = load_registry()
    assert models["a"].base_url == "http://here/v1"
    assert set(models) == {"a", "b", "embedded"}


def test_the_named_file_stands_alone(folders, monkeypatch, tmp_path):
    folders[0].write_text(entry("a"))
    named = tmp_path / "named.toml"
    monkeypatch.setenv("COIG_WRITER_MODELS", str(named))
    with pytest.raises(SettingError, match="no such registry file"):
        load_registry()
    named.write_text(entry("c"))
    assert set(load_registry()) == {"c", "embedded"}


def test_all_fields(folders):
    folders[0].write_text(
        entry("deep") + 'api_key_env = "K"\nsampling = { temperature = 0.7, seed = 3 }\ncontext = 32768\n'
        "concurrency = 64\ntimeout = 60\nprice_prompt = 2\nprice_completion = 8\nprice_cached = 0.5\n"
        'currency = "CNY"\nstructured = "json_object"\n[models.deep.extra_body]\nenable_thinking = false\n'
    )
    spec = resolve("deep")
    assert (spec.sampling, spec.context, spec.concurrency) == ({"temperature": 0.7, "seed": 3}, 32768, 64)
    assert spec.extra_body == {"enable_thinking": False}
    assert spec.cost(prompt_tokens=1_000_000, completion_tokens=500_000, cached_tokens=600_000) == pytest.approx(5.1)


def test_cost_is_unknown_without_prices():
    assert ModelSpec(name="a", base_url="http://h/v1", model="m").cost(1, 1, 0) is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[models.a]\nbase_url = \n", 2, "not TOML"),
        ('[models.a]\nbase_url = "http://h/v1', 2, "not TOML"),
        (entry("a") + "\n[models.b]\nmodel = 'm'\nbase_url = 'ftp://h'\n", 7, "http"),
        (entry("a") + "concurency = 3\n", 4, "concurency"),
        (entry("a") + "timeout = -1\n", 4, "timeout"),
        ("[models.a]\nmodel = 'm'\n", 1, "base_url"),
        ("\n[other]\nx = 1\n", 2, "other"),
        ("[models]\na = 3\n", 2, "table"),
        ('[models."q2.5"]\nbase_url = "http://h/v1"\n"model" = 3\n', 3, "model"),
    ],
)
def test_a_broken_registry_names_file_and_line(folders, text, line, says):
    folders[0].write_text(text)
    with pytest.raises(SettingError, match=says) as caught:
        load_registry()
    assert caught.value.where == f"models.toml:{line}"


@pytest.mark.parametrize(
    "line", ['api_key = "sk-secret"', 'base_url = "http://me:sk-secret@h/v1"', 'api_key_env = ["sk-secret"]']
)
def test_a_pasted_key_is_not_shown(folders, line):
    folders[0].write_text(f'[models.a]\nmodel = "m"\n{line}\n')
    with pytest.raises(SettingError) as caught:
        load_registry()
    assert "sk-secret" not in str(caught.value)


def test_an_unknown_name_suggests_the_nearest_and_the_file(folders):
    folders[0].write_text(entry("qwen-plus"))
    with pytest.raises(SettingError, match="did you mean 'qwen-plus'") as caught:
        resolve("qwen_plus")
    assert str(folders[1]) in caught.value.remedy


def test_a_url_names_a_model(folders, monkeypatch):
    spec = resolve("http://host:8000/v1/#Qwen/Qwen2.5-7B-Instruct")
    assert (spec.base_url, spec.model, spec.api_key_env) == ("http://host:8000/v1", "Qwen/Qwen2.5-7B-Instruct", None)
    monkeypatch.setenv("COIG_WRITER_API_KEY", "x")
    assert resolve("http://host/v1#m").api_key_env == "COIG_WRITER_API_KEY"


@pytest.mark.parametrize("name", ["http://host/v1", "ftp://host/v1#m", "http://#m", "http://u:pw@host/v1#m"])
def test_a_url_that_names_no_model(folders, name):
    with pytest.raises(SettingError) as caught:
        resolve(name)
    assert "pw@" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[models.embedded]\nmodel = 'hf:a/b/c.gguf'\n", "packaged model"),
        ("[models.embedded]\nbase_url = 'http://h/v1'\n", "on this machine"),
        ("[models.near]\nmodel = 'hf:a/b/c.gguf'\nbase_url = 'http://h/v1'\n", "on this machine"),
    ],
)
def test_what_is_served_here_has_its_own_weights_and_no_url(folders, text, says):
    folders[0].write_text(text)
    with pytest.raises(SettingError, match=says):
        load_registry()


def test_which_models_are_served_here(folders):
    folders[0].write_text("[models.embedded]\ncontext = 4096\n[models.near]\nmodel = 'hf:a/b/c.gguf'\n" + entry("far"))
    assert [resolve(name).local for name in ("embedded", "near", "hf:a/b/c.gguf")] == [True] * 3
    assert resolve("embedded").context == 4096
    assert [resolve(name).local for name in ("far", "http://h/v1#m")] == [False] * 2


def test_hub_files(folders):
    assert resolve("hf:Qwen/Q-GGUF/sub/q4.gguf").base_url is None
    with pytest.raises(SettingError, match="hub"):
        resolve("hf:q4.gguf")


def test_plain_url():
    assert plain_url("https://h/v1/chat/completions/") == "https://h/v1"
    assert plain_url("http://h") == "http://h"


def test_an_unreadable_registry(folders):
    Path("models.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingError, match="cannot read"):
        load_registry()
