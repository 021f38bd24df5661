"""`coig-writer models` as a user meets it: a process, its exit code, what it prints."""

import json
import os
import socket
import subprocess
import sys

import pytest

from support.faulty_server import FaultyServer


@pytest.fixture
def coig(tmp_path):
    """Runs `coig-writer` in an empty folder, with the registry `models.toml` if one is given."""

    def run(*arguments: str, registry: str = "", **environment: str) -> subprocess.CompletedProcess:
        (tmp_path / "models.toml").write_text(registry)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COIG_WRITER")}
        return subprocess.run(
            [sys.executable, "-m", "coig_writer", "models", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**kept, "XDG_CONFIG_HOME": str(tmp_path / "config"), "COLUMNS": "100", **environment},
        )

    return run


def entry(name: str, url: str, more: str = "") -> str:
    return f'[models.{name}]\nbase_url = "{url}"\nmodel = "toy"\n{more}\n'


def test_list_shows_each_model_and_whether_its_key_is_there(coig):
    registry = entry("cloud", "https://example.org/v1", 'api_key_env = "CLOUD_KEY"') + entry("near", "http://h/v1")
    shown = coig("list", registry=registry).stdout
    assert "CLOUD_KEY (not set)" in shown
    assert "embedded" in shown
    table = shown.partition("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 100
    secret = coig("list", registry=registry, CLOUD_KEY="sk-secret")
    assert "CLOUD_KEY (set)" in secret.stdout
    assert "sk-secret" not in secret.stdout + secret.stderr


def test_list_as_json_is_nothing_but_json(coig):
    done = coig("list", "--json", registry=entry("near", "http://h/v1"))
    assert [model["name"] for model in json.loads(done.stdout)] == ["embedded", "near"]


def test_check_reports_what_the_server_can_do(coig):
    with FaultyServer() as server:
        done = coig("check", f"{server.base_url}#toy", "--json")
        shown = coig("check", f"{server.base_url}#tay").stdout
    found = json.loads(done.stdout)
    assert found["listed"] == ["toy"]
    assert found["structured"] is True
    assert 0 < found["cached_tokens"] < found["prompt_tokens"]
    assert found["first_token_seconds"] > 0
    assert "tay is not among them" in " ".join(shown.split())


def test_check_advises_when_schemas_are_not_followed(coig):
    with FaultyServer(answer=lambda body: "春天很生动。") as server:
        shown = coig("check", f"{server.base_url}#toy").stdout
    assert 'structured = "json_object"' in shown


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("embeded", 2, "did you mean 'embedded'"),
        ("http://127.0.0.1/v1", 2, "URL#model-id"),
        pytest.param(f"http://127.0.0.1:{free_port()}/v1#toy", 1, "cannot connect", id="nobody there"),
        ("http://no-such-host.invalid/v1#toy", 1, "no-such-host.invalid is not known"),
        ("keyed", 2, "export CLOUD_KEY"),
    ],
)
def test_each_mistake_is_one_clear_message(coig, name, code, says):
    done = coig("check", name, registry=entry("keyed", "http://h/v1", 'api_key_env = "CLOUD_KEY"'))
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_wrong_path_and_a_wrong_scheme(coig):
    with FaultyServer() as server:
        wrong_path = coig("check", f"{server.base_url}/api#toy")
        wrong_scheme = coig("check", f"{server.base_url.replace('http:', 'https:')}#toy")
    assert (wrong_path.returncode, wrong_scheme.returncode) == (1, 1)
    assert "usually ends in /v1" in wrong_path.stderr
    assert "http against https" in wrong_scheme.stderr


def test_a_broken_registry_names_the_line(coig):
    done = coig("list", registry="[models.a]\nmodel = \n")
    assert (done.returncode, "models.toml:2" in done.stderr) == (2, True)
