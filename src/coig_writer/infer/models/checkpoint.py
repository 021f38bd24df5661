"""A checkpoint or LoRA adapter in a folder, served by vLLM or `transformers serve` for as long as it is needed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from coig_writer.errors import ModelError
from coig_writer.llm.registry import ModelSpec

START_SECONDS = 900
"""How long a server may take to load its weights."""
STOP_SECONDS = 20


def is_checkpoint(path: Path) -> bool:
    """Whether a folder holds a model of `transformers`, or an adapter for one."""
    return any((path / name).is_file() for name in ("config.json", "adapter_config.json"))


@contextmanager
def serving_checkpoint(path: Path) -> Iterator[ModelSpec]:
    """The model in `path`, at a port of this machine, for the length of the block.

    vLLM when it is installed and there is a GPU, else `transformers serve`, for which an adapter is merged into its
    base in a temporary folder first.

    Raises:
        ModelError: neither is installed, or the server ended before it was ready; shows its last words.
    """
    port = _free_port()
    with (
        tempfile.TemporaryDirectory(prefix="coig-writer-merged-") as folder,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
    ):
        if _has_vllm():
            command, model = _vllm(path, port)
        else:
            command, model = _transformers(path, port, Path(folder))
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            _wait(process, f"http://127.0.0.1:{port}", path, log)
            yield ModelSpec(
                name=str(path),
                base_url=f"http://127.0.0.1:{port}/v1",
                model=model,
                concurrency=64 if _has_vllm() else 4,
                timeout=3600,
            )
        finally:
            _stop(process)


def _has_vllm() -> bool:
    return find_spec("vllm") is not None and shutil.which("nvidia-smi") is not None


def _vllm(path: Path, port: int) -> tuple[list[str], str]:
    """The command, and the model's id at that server."""
    where, base = str(path.resolve()), _base_of(path)
    command = [_script("vllm"), "serve", base or where, "--host", "127.0.0.1", "--port", str(port)]
    return ([*command, "--enable-lora", "--lora-modules", f"adapter={where}"], "adapter") if base else (command, where)


def _transformers(path: Path, port: int, folder: Path) -> tuple[list[str], str]:
    """As `_vllm`; an adapter is merged into `folder`."""
    missing = [name for name in ("torch", "transformers", "fastapi", "uvicorn") if find_spec(name) is None]
    missing += ["peft"] if _base_of(path) and find_spec("peft") is None else []
    if missing:
        raise ModelError(
            f"a checkpoint needs {', '.join(missing)} to be served",
            where=str(path),
            remedy="Run: pip install 'coig-writer[serve]', or serve it yourself and name it as URL#model-id.",
        )
    if _base_of(path):
        _merge(path, folder)
        path = folder
    where = str(path.resolve())
    return [_script("transformers"), "serve", where, "--host", "127.0.0.1", "--port", str(port)], where


def _merge(adapter: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "coig_writer.infer.models.merge", str(adapter), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise ModelError(
            f"the adapter cannot be merged into {_base_of(adapter)}: {' '.join(done.stderr.strip().splitlines()[-1:])}",
            where=str(adapter),
            remedy="Check that its base model can be loaded; adapter_config.json names it.",
        )


def _base_of(path: Path) -> str | None:
    """The base model of a LoRA adapter; None for a whole checkpoint."""
    file = path / "adapter_config.json"
    return json.loads(file.read_text(encoding="utf-8")).get("base_model_name_or_path") if file.is_file() else None


def _script(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(process: subprocess.Popen, root: str, path: Path, log) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{root}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    log.seek(0)
    words = log.read().strip().splitlines()[-5:]
    raise ModelError(
        f"the server for this checkpoint {'ended' if process.poll() is not None else 'did not get ready'}: "
        + " | ".join(words),
        where=str(path),
        remedy="Check that transformers loads the folder, and that there is memory for it.",
    )


def _stop(process: subprocess.Popen) -> None:
    """Ends the server and its children."""
    for number in (15, 9):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
