"""A local model as an ordinary endpoint: llama.cpp in this process, serving the OpenAI API on loopback."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coig_writer.errors import ModelError
from coig_writer.llm.client import ChatClient
from coig_writer.llm.registry import EMBEDDED, ModelSpec
from coig_writer.llm.weights import hub_weights, packaged_weights

DEFAULT_CONTEXT = 8192
"""Tokens one call may fill when the registry does not say."""
ASKING_SECONDS = 10
"""How long a server may take to say what it can; it is asked again when calls are made."""


@contextmanager
def serving(spec: ModelSpec) -> Iterator[ModelSpec]:
    """`spec` with a `base_url`: a server is started for the length of the block when it is a local model.

    When a model's context is not known, its server is asked for it; `context` stays None if that does not tell.

    Raises:
        ModelError: the weights or the llama.cpp package are missing, or the file cannot be loaded.
    """
    if spec.base_url:
        yield spec if spec.context else spec.model_copy(update={"context": asyncio.run(_told_context(spec))})
        return
    server = _start(_weights(spec), spec)
    try:
        yield spec.model_copy(
            update={
                "base_url": f"{server.listening_address}/v1",
                "context": spec.context or DEFAULT_CONTEXT,
            }
        )
    finally:
        del server  # its destructor stops the threads and frees the weights


async def _told_context(spec: ModelSpec) -> int | None:
    async with ChatClient(spec.model_copy(update={"timeout": min(spec.timeout, ASKING_SECONDS)})) as client:
        return await client.context()


def _weights(spec: ModelSpec) -> Path:
    if spec.name == EMBEDDED:
        return packaged_weights()
    if spec.model.startswith("hf:"):
        owner, repo, file = spec.model.removeprefix("hf:").split("/", 2)
        return hub_weights(f"{owner}/{repo}", file)
    raise ModelError(f"model {spec.name} has no base_url", remedy="Give it one in the model registry.")


def _start(weights: Path, spec: ModelSpec):
    # Threads that wait for each other spin only briefly before they sleep: beside any other busy process,
    # long spinning costs several times the work. OpenMP reads this when it is loaded, so it comes before the import.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelError(
            f"llama.cpp cannot be loaded ({error})",
            remedy="Run: pip install 'coig-writer[embedded]', or name another model with --model.",
        ) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {spec.model}
    params.port = 0  # the system picks a free one
    params.ui = False
    params.verbosity = 1  # errors only
    params.n_parallel = spec.concurrency
    params.kv_unified = False
    params.n_ctx = (spec.context or DEFAULT_CONTEXT) * spec.concurrency
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
    try:
        return xllamacpp.Server(params)
    except Exception as error:  # the binding raises bare RuntimeError subclasses of many kinds
        raise ModelError(
            f"llama.cpp cannot load this model: {error}",
            where=str(weights),
            remedy="Check that it is a GGUF file and that there is memory for it.",
        ) from error
