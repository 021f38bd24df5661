"""`coig-writer annotate`: articles to gated drafts, in one go or step by step."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coig_writer.cli.example import example
from coig_writer.errors import SettingError, UnfinishedError

if TYPE_CHECKING:
    from coig_writer.annotate.run import AnnotateResult
    from coig_writer.schema import DraftStatus

app = typer.Typer(help="Turn candidates into drafted, scored and gated triplets.", no_args_is_help=True)

Candidates = Annotated[
    Path, typer.Argument(metavar="CANDIDATES", help="Folder or Parquet file of `corpus build`, or JSON Lines.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="JSON Lines to write; the same command resumes it.")]
Model = Annotated[
    str, typer.Option("--model", "-m", help="Registry name, URL#model-id, hf:REPO/FILE.gguf or embedded.")
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Stop after N that come through; those held or screened out do not count.")
]
Concurrency = Annotated[
    int | None, typer.Option(min=1, help="Articles in work, and so calls, at once (default: the model's own).")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget earlier answers (they are moved aside, not deleted).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
ScreenQuality = Annotated[int, typer.Option(min=0, max=10, help="Least screening score for quality.")]
ScreenCreativity = Annotated[int, typer.Option(min=0, max=10, help="Least screening score for creativity.")]
GateSum = Annotated[int, typer.Option(min=6, max=60, help="Least sum of the six scores.")]
GateEach = Annotated[int, typer.Option(min=1, max=10, help="Least single score.")]
PromptLength = Annotated[str, typer.Option(metavar="LOW-HIGH", help="Characters asked of the prompt.")]
FacetLength = Annotated[int, typer.Option(min=10, help="Most characters of one facet of an analysis.")]
ReasoningLength = Annotated[str, typer.Option(metavar="LOW-HIGH", help="Characters asked of the reasoning.")]


def _register(name: str, steps: tuple[str, ...], summary: str, shown: str) -> None:
    """Adds a command that takes drafts through `steps`; all share the same options."""

    def command(
        candidates: Candidates,
        out: Out,
        model: Model = "embedded",
        limit: Limit = None,
        screen_quality: ScreenQuality = 8,
        screen_creativity: ScreenCreativity = 8,
        gate_sum: GateSum = 50,
        gate_each: GateEach = 8,
        prompt_length: PromptLength = "80-400",
        reasoning_length: ReasoningLength = "500-1200",
        facet_length: FacetLength = 120,
        concurrency: Concurrency = None,
        fresh: Fresh = False,
        as_json: AsJson = False,
    ) -> None:
        from coig_writer.annotate.run import annotate, load_drafts
        from coig_writer.annotate.settings import AnnotateSettings
        from coig_writer.cli.console import call_progress
        from coig_writer.llm.registry import resolve

        settings = AnnotateSettings(
            screen_quality=screen_quality,
            screen_creativity=screen_creativity,
            gate_sum=gate_sum,
            gate_each=gate_each,
            prompt_length=_span(prompt_length, "--prompt-length"),
            reasoning_length=_span(reasoning_length, "--reasoning-length"),
            facet_length=facet_length,
        )
        spec = resolve(model)
        drafts = load_drafts(candidates)
        with call_progress(name) as progress:
            done = annotate(
                drafts,
                steps,
                out=out,
                spec=spec,
                settings=settings,
                limit=limit,
                concurrency=concurrency,
                fresh=fresh,
                progress=progress,
            )
        waiting = len(drafts) - done.calls.rows
        nexts = [_waiting(waiting)] if waiting else []
        nexts.append(_next(candidates, out, done.statuses, steps[-1], model))
        _show(done, out, nexts, as_json)

    app.command(name, help=summary, epilog=example(shown))(command)


def gate(
    candidates: Candidates,
    out: Out,
    gate_sum: GateSum = 50,
    gate_each: GateEach = 8,
    as_json: AsJson = False,
) -> None:
    """Let through what scores high enough. The rest needs refinement, and says why. No model is asked.

    Drafts that were judged before are judged anew, so that other thresholds can be tried.
    """
    from coig_writer.annotate.run import gate_again, load_drafts
    from coig_writer.annotate.settings import AnnotateSettings
    from coig_writer.cli import console

    settings = AnnotateSettings(gate_sum=gate_sum, gate_each=gate_each)
    statuses = gate_again(load_drafts(candidates), out=out, settings=settings)
    if as_json:
        console.print_json({"out": str(out), "statuses": statuses})
    else:
        _show_statuses(statuses)
        _show_written(out, [_next(candidates, out, statuses, "gate")])


def _show(done: AnnotateResult, out: Path, nexts: list[str], as_json: bool) -> None:
    from dataclasses import asdict

    from coig_writer.cli import console

    if as_json:
        calls = {**asdict(done.calls), "cached_share": done.calls.cached_share}
        console.print_json({"out": str(out), "statuses": done.statuses, "calls": calls})
    else:
        _show_statuses(done.statuses)
        console.out.print(str(done.calls), soft_wrap=True)
        _show_written(out, nexts)
    if done.calls.failed:
        raise UnfinishedError(
            f"{done.calls.failed} drafts could not be finished",
            where=str(out),
            remedy="Their rows say why; run the same command again, without --fresh, to ask only what failed.",
        )


def _show_statuses(statuses: dict[DraftStatus, int]) -> None:
    from coig_writer.cli import console

    table = console.table("Drafts by status", "status", "drafts", right=("drafts",))
    for status, count in statuses.items():
        table.add_row(_MEANING[status], str(count))
    console.out.print(table)


def _show_written(out: Path, nexts: list[str]) -> None:
    from coig_writer.cli import console

    console.out.print("\n".join([f"Written: {out}", *nexts]), soft_wrap=True)


def _waiting(count: int) -> str:
    return f"{count:,} more wait: the same command without --limit goes on with them."


def _next(candidates: Path, out: Path, statuses: dict[DraftStatus, int], done: str, model: str = "") -> str:
    """What to do after the step `done`: the step after it while drafts are open, else the release."""
    from coig_writer.annotate.steps import STEPS

    names = list(STEPS)
    if "open" in statuses and done != names[-1]:
        step = names[names.index(done) + 1]
        words = ["annotate", step, str(out), "--out", str(out.with_name(f"{step}.jsonl"))]
        words += ["--model", model] if step != "gate" else []
        return f"Next: coig-writer {shlex.join(words)}"
    words = ["dataset", "build", str(out), "--out", "release"]
    words += ["--corpus", str(candidates)] if candidates.is_dir() else []
    words.append("--include-unreviewed")
    if "passed" in statuses:
        return f"Next: coig-writer {shlex.join(words)}"
    return f"None has passed; a report shows what each lacks: coig-writer {shlex.join([*words, '--allow-empty'])}"


_MEANING = {
    "open": "open (steps are still to be done)",
    "screened_out": "screened out",
    "held": "held for a person to look at",
    "needs_refinement": "needs refinement",
    "passed": "passed the gate",
    "error": "error (asked again by the next run)",
}


def _span(text: str, option: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise SettingError(f"{text!r} is not a range", where=option, remedy="Write two numbers such as 80-400.")
    return int(found[1]), int(found[2])


_register(
    "run",
    ("screen", "analyse", "draft-prompt", "match", "draft-reasoning", "check", "score", "gate"),
    "All steps for every candidate. Interrupt it when you like: the same command goes on where it stopped.",
    "coig-writer annotate run corpus/ --out drafts.jsonl --model embedded",
)
for _name, _summary in {
    "screen": "Judge whether an article is worth the work. It gets quality and creativity, 0–10, with a reason.",
    "analyse": "Read the article. Five facets, from structure to insight, and its genre if nobody has named it.",
    "draft-prompt": "Draft the prompt that could have led to the article.",
    "match": "Read prompt and article together. Five facets say how the one leads to the other.",
    "draft-reasoning": "Draft the reasoning, as if nothing were written yet.",
    "check": "Check that the three parts belong together. One half is done by program, one by a model.",
    "score": "Score each part for quality and creativity, 1–10.",
}.items():
    _register(_name, (_name,), _summary, f"coig-writer annotate {_name} before.jsonl --out after.jsonl")
app.command("gate", epilog=example("coig-writer annotate gate drafts.jsonl --gate-each 7 --out again.jsonl"))(gate)
