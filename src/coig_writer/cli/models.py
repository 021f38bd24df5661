"""`coig-writer models`: which models are known, and whether one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from coig_writer.cli.example import example

if TYPE_CHECKING:
    from coig_writer.llm.probe import Probe
    from coig_writer.llm.registry import ModelSpec

app = typer.Typer(help="List models and check that one answers.", no_args_is_help=True)


@app.command("list", epilog=example("coig-writer models list --json"))
def list_models(
    as_json: bool = typer.Option(False, "--json", help="Print JSON and nothing else on standard output."),
) -> None:
    """Show every model that has a name. Also shown: where it runs, and whether its key is there."""
    from coig_writer.cli.console import out, print_json, table
    from coig_writer.llm.registry import load_registry, registry_files

    models = sorted(load_registry().values(), key=lambda spec: spec.name)
    if as_json:
        print_json([spec.model_dump() for spec in models])
        return
    shown = table("Models", "name", "model", "where", "key", "context", "at once", right=("context", "at once"))
    for spec in models:
        where = spec.base_url or "this machine"
        context = f"{spec.context:,}" if spec.context else "?"
        shown.add_row(spec.name, spec.model, where, _key(spec), context, str(spec.concurrency))
    out.print(shown)
    out.print("\nAlso accepted: URL#model-id and hf:REPO/FILE.gguf. More models: describe them in")
    for path in registry_files():
        out.print(f"  {path}" + ("" if path.exists() else " (not there yet)"), soft_wrap=True)


@app.command("check", epilog=example("coig-writer models check http://localhost:8000/v1#Qwen/Qwen2.5-7B-Instruct"))
def check(
    name: str = typer.Argument(metavar="NAME", help="Registry name, URL#model-id, hf:REPO/FILE.gguf or embedded."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON and nothing else on standard output."),
) -> None:
    """Ask a model two small questions. Shown is how fast and how well-formed its answers are."""
    import asyncio
    from dataclasses import asdict

    from coig_writer.cli.console import err, print_json
    from coig_writer.llm.embedded import serving
    from coig_writer.llm.probe import probe
    from coig_writer.llm.registry import resolve

    spec = resolve(name)
    with err.status(f"Asking {spec.name}"), serving(spec) as ready:
        found = asyncio.run(probe(ready))
    if as_json:
        print_json({"name": spec.name, "model": ready.model, "base_url": ready.base_url, **asdict(found)})
    else:
        _show(ready, found)


def _show(spec: ModelSpec, found: Probe) -> None:
    from rich.text import Text

    from coig_writer.cli.console import out, table

    listed = "no list" if found.listed is None else ", ".join(found.listed[:5])
    if found.listed and len(found.listed) > 5:
        listed += f" and {len(found.listed) - 5} more"
    if found.listed and spec.model not in found.listed:
        listed += f" ({spec.model} is not among them)"
    context = f"{spec.context:,} tokens" if spec.context else "unknown: long texts are sent whole"
    if found.context and found.context != spec.context:
        context += f"; the server says {found.context:,}: set context = {found.context} in the registry"
    speed = "not counted" if found.tokens_per_second is None else f"{found.tokens_per_second:.1f} tokens/s"
    if found.first_token_seconds is not None:
        speed += f", the first after {found.first_token_seconds:.2f} s"
    cached = f"{found.cached_tokens:,} of {found.prompt_tokens:,} prompt tokens of a repeated text"
    if not found.cached_tokens:
        cached = "not reported (some servers cache long prompts only)"
    other = {"json_schema": "json_object", "json_object": "none"}.get(spec.structured)
    advice = f'; try structured = "{other}" in the registry' if other else ""
    structured = "yes" if found.structured else f"no: {found.structured_note}{advice}"
    facts = {
        "server": spec.base_url or "",
        "model": spec.model,
        "models it lists": listed,
        "context": context,
        "reply": found.reply or "(empty)",
        "speed": speed,
        "prefix cache": cached,
        f"structured answers ({spec.structured})": structured,
    }
    shown = table(f"{spec.name} answers", "", "")
    shown.show_header = False
    for label, value in facts.items():
        shown.add_row(label, Text(value))
    out.print(shown)


def _key(spec: ModelSpec) -> str:
    import os

    if spec.api_key_env is None:
        return "none needed"
    return f"{spec.api_key_env} ({'set' if os.environ.get(spec.api_key_env) else 'not set'})"
