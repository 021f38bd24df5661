"""`coig-writer infer`: models answer queries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coig_writer.cli.example import example
from coig_writer.errors import SettingError, UnfinishedError

if TYPE_CHECKING:
    from coig_writer.infer.run import InferResult

LISTED = 5
"""Ids shown for each flag."""

app = typer.Typer(help="Let models answer queries, and read what they wrote.", invoke_without_command=True)


def infer(
    context: typer.Context,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            "--model_name",
            help="Registry name, URL#model-id, hf:REPO/FILE.gguf, embedded, a checkpoint's folder, or a model of your "
            "own. Several: give it several times.",
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--input",
            "-i",
            help="One of benchmark:zh, benchmark:en, benchmark:all, or a file: JSON Lines, JSON, CSV, XLSX.",
        ),
    ] = "benchmark:zh",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", "--output", help="JSON Lines to write; with several models, a folder."),
    ] = None,
    mode: Annotated[str, typer.Option(help="Either zero-shot or five-shot.")] = "zero-shot",
    plan_first: Annotated[bool, typer.Option("--plan-first", help="Ask for the reasoning before the text.")] = False,
    exemplars: Annotated[Path | None, typer.Option(help="Triplets to show instead of the packaged ones.")] = None,
    shape: Annotated[str, typer.Option(help="Exemplars as turns of the chat, or inline.")] = "turns",
    system: Annotated[str | None, typer.Option(help="A system message; none is sent without it.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Answers to each query, with seeds of their own.")] = 1,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Longest answer in tokens.")] = None,
    temperature: Annotated[float | None, typer.Option(min=0, help="Instead of the model's own.")] = None,
    top_p: Annotated[float | None, typer.Option(min=0, max=1, help="Instead of the model's own.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the first sample; each later one has the next.")] = None,
    field: Annotated[str | None, typer.Option(help="The field that holds the query.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Answer only the first N queries.")] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "--batch_size", min=1, help="Calls at once.")
    ] = None,
    stream: Annotated[bool, typer.Option(help="Measure the time to the first token.")] = True,
    only_errors: Annotated[bool, typer.Option("--only-errors", help="Ask again only for rows with errors.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier answers (they are moved aside).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    """Let a model answer each query. Interrupt it when you like: the same command goes on where it stopped."""
    if context.invoked_subcommand:
        return
    if not model or not out:
        raise SettingError("--model and --out are needed", remedy="See: coig-writer infer --help.")
    from coig_writer.cli import console
    from coig_writer.infer.models import opened
    from coig_writer.infer.prompting import Prompting, read_exemplars
    from coig_writer.infer.queries import read_tasks
    from coig_writer.infer.run import InferSettings, infer

    _one_of(mode, ("zero-shot", "five-shot"), "--mode")
    _one_of(shape, ("turns", "inline"), "--shape")
    tasks = read_tasks(source, field=field)
    prompting = Prompting(
        mode=mode,  # type: ignore[arg-type]
        plan_first=plan_first,
        shape=shape,  # type: ignore[arg-type]
        system=system,
        exemplars=read_exemplars(exemplars) if mode == "five-shot" else None,
    )
    if mode == "five-shot" and not exemplars and any(task.language == "en" for task in tasks):
        console.err.print("The packaged exemplars are Chinese; English queries see them too. Others: --exemplars FILE.")
    given = {"max_tokens": max_tokens, "temperature": temperature, "top_p": top_p, "seed": seed}
    sampling = {name: value for name, value in given.items() if value is not None}
    settings = InferSettings(prompting=prompting, samples=samples, sampling=sampling, stream=stream)
    done: dict[str, tuple[Path, InferResult]] = {}
    for name, path in _outputs(model, out).items():
        with opened(name) as spec, console.call_progress(name) as progress:
            result = infer(
                tasks,
                out=path,
                spec=spec,
                settings=settings,
                limit=limit,
                concurrency=concurrency,
                only_errors=only_errors,
                fresh=fresh,
                progress=progress,
            )
        done[name] = path, result
    _show(done, as_json)


def show(
    predictions: Annotated[list[Path], typer.Argument(metavar="PRED", help="Files that `infer` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")] = Path("answers.html"),
    queries: Annotated[
        str, typer.Option("--queries", help="Where constraints and criteria are: a packaged set or a file of ours.")
    ] = "benchmark:all",
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write a page on which answers are read side by side."""
    from coig_writer.cli import console
    from coig_writer.report.answers import write_page

    count = write_page(predictions, queries, out)
    console.out.print(f"Written: {out} ({count:,} answers)", soft_wrap=True)
    if open_it:
        typer.launch(str(out))


def _outputs(models: list[str], out: Path) -> dict[str, Path]:
    """Each model's file: `out` itself for one, a file in the folder `out` for several."""
    if len(set(models)) < len(models):
        raise SettingError("a model is named twice", where="--model", remedy="Name each once.")
    if len(models) == 1 and out.suffix:
        return {models[0]: _json_lines(out)}
    if out.suffix == ".jsonl":
        raise SettingError("several models need a folder", where="--out", remedy="Such as: --out results/.")
    names = {name: re.sub(r"[^\w.-]+", "_", name.rpartition("#")[2].rstrip("/").rpartition("/")[2]) for name in models}
    if len(set(names.values())) < len(names):
        names = {name: re.sub(r"[^\w.-]+", "_", name).strip("_") for name in models}
    return {name: out / f"{short}.jsonl" for name, short in names.items()}


def _json_lines(out: Path) -> Path:
    if out.suffix != ".jsonl":
        raise SettingError(f"{out} is not a .jsonl file", where="--out", remedy="Such as: --out results/pred.jsonl.")
    return out


def _one_of(value: str, known: tuple[str, ...], option: str) -> None:
    if value not in known:
        raise SettingError(f"{value!r} is none of {', '.join(known)}", where=option, remedy="Choose one of them.")


def _show(done: dict[str, tuple[Path, InferResult]], as_json: bool) -> None:
    from coig_writer.cli import console

    if as_json:
        console.print_json({name: _as_json(path, result) for name, (path, result) in done.items()})
    else:
        flags = ("error", "empty", "refusal", "cut-off", "repetition")
        table = console.table(None, "Model", "Rows", "Characters", *flags, right=("Rows", "Characters", *flags))
        for name, (_, result) in done.items():
            numbers = [str(len(result.flagged.get(flag, []))) for flag in flags]
            table.add_row(name, f"{result.calls.rows:,}", f"{result.mean_characters:,.0f}", *numbers)
        console.out.print(table)
        for name, (path, result) in done.items():
            console.out.print(f"{name}: {result.calls}", soft_wrap=True)
            for flag, ids in result.flagged.items():
                more = f" and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
                console.out.print(f"  {flag}: {', '.join(ids[:LISTED])}{more}", soft_wrap=True)
            console.out.print(f"Written: {path}", soft_wrap=True)
        paths = " ".join(str(path) for path, _ in done.values())
        console.out.print(f"Next: coig-writer infer show {paths}", soft_wrap=True)
    failed = sum(result.calls.failed for _, result in done.values())
    if failed:
        raise UnfinishedError(
            f"{failed} queries have no answer",
            where=", ".join(str(path) for path, _ in done.values()),
            remedy="Their rows say why; run the same command again, without --fresh, to ask only what failed.",
        )


def _as_json(path: Path, result: InferResult) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "out": str(path),
        "calls": {**asdict(result.calls), "cached_share": result.calls.cached_share},
        "flagged": result.flagged,
        "mean_characters": round(result.mean_characters, 1),
    }


app.callback(epilog=example("coig-writer infer --model embedded --input benchmark:zh --out results/pred.jsonl"))(infer)
app.command("show", epilog=example("coig-writer infer show results/*.jsonl --out answers.html"))(show)
