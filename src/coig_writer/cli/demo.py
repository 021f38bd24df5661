"""`coig-writer demo`: the commands of the main flow, one after another, on texts that come with the package."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from coig_writer.errors import UnfinishedError

_SHORT = ["--limit", "10", "--prompt-length", "50-90", "--reasoning-length", "260-320", "--facet-length", "12"]
_AS_A_DEMO = ["--include-unreviewed", "--allow-empty", "--licence", "cc-by-4.0", "--title", "示例 Demo"]


def demo(
    workspace: Annotated[Path, typer.Option(help="Folder for everything that the demo makes.")] = Path("coig-demo"),
    model: Annotated[str, typer.Option("--model", "-m", help="Registry name, URL#model-id, hf: file or embedded.")] = (
        "embedded"
    ),
) -> None:
    """Run the whole flow on texts that come with the package. Each command is shown as it runs.

    Interrupt it when you like: the same command goes on where it stopped.
    """
    with as_file(files("coig_writer") / "data" / "demo") as texts:
        unfinished = None
        for why, command in _commands(texts, workspace, model):
            try:
                _run(why, command)
            except UnfinishedError as error:  # the rest is worth a release, and the report shows what failed
                unfinished = error
    _closing(workspace, model)
    if unfinished:
        raise unfinished


def _commands(texts: Path, workspace: Path, model: str) -> list[tuple[str, list[str]]]:
    corpus, drafts, release = workspace / "corpus", workspace / "drafts.jsonl", workspace / "release"
    return [
        (
            "1  Curate: read the raw texts, mend them, and keep the good ones once each",
            ["corpus", "build", str(texts), "--out", str(corpus)],
        ),
        (
            "2  Annotate: screen, draft prompt and reasoning, check, score and gate, at the paper's thresholds\n"
            "   (ten drafts, and short ones, so that a small model on two cores is done in minutes;\n"
            "   the same command without --limit goes on with the rest)",
            ["annotate", "run", str(corpus), "--out", str(drafts), "--model", model, *_SHORT],
        ),
        (
            "3  Release: the dataset, its card and a report\n"
            "   (--include-unreviewed because nobody has reviewed these; each triplet is marked so)",
            ["dataset", "build", str(drafts), "--out", str(release), "--corpus", str(corpus), *_AS_A_DEMO],
        ),
    ]


def _run(why: str, command: list[str]) -> None:
    """Shows and runs one command, in this process."""
    import shlex

    from coig_writer.cli import app
    from coig_writer.cli.console import out

    out.print(f"\n{why}", style="bold")
    out.print(f"$ coig-writer {shlex.join(command)}\n", style="dim", soft_wrap=True)
    app(command, standalone_mode=False)


def _closing(workspace: Path, model: str) -> None:
    from coig_writer.cli.console import out

    release = workspace / "release"
    lines = [
        "",
        "Done. What there is now:",
        f"  {release / 'report.html'}      the page to open first",
        f"  {release / 'triplets.jsonl'}   the triplets that passed the gate",
        f"  {workspace / 'drafts.jsonl'}   every draft, those in need of refinement among them",
        f"  {workspace / 'corpus'}         candidates and rejected texts with their reasons",
    ]
    if model == "embedded":
        lines += [
            "",
            "The embedded model has half a billion parameters: it shows how the flow works, not how well it can work.",
            "With a better one:  coig-writer demo --workspace better --model http://HOST:PORT/v1#MODEL",
        ]
    lines += ["With your own texts:  coig-writer corpus build YOUR_FOLDER --out corpus"]
    for line in lines:
        out.print(line, soft_wrap=True)
