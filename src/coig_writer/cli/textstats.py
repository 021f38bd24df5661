"""`coig-writer textstats`: statistics of models' answers as texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from coig_writer.evaluate.textstats.run import TextStatistics


def textstats(
    responses: list[Path] = typer.Option(..., "--responses", "-r", help="Answers; give it once for each file."),
    *,
    out: Path | None = typer.Option(None, "--json", help="Write all figures here as JSON."),
    save_dir: Path | None = typer.Option(
        None, "--save_dir", "--save-dir", "-o", help="Folder for JSON, a row for each answer, XLSX, figures and a page."
    ),
    human: list[Path] | None = typer.Option(None, help="Texts of people to compare with; several times if need be."),
    reference: str | None = typer.Option(None, help="Model whose type-token ratio the others are held against."),
    tokenizer: str | None = typer.Option(
        None, help="A tokenizer.json, a folder with one, a GGUF file, a model on the Hub, or embedded."
    ),
    lexicon: Path | None = typer.Option(None, help="Words and patterns of AI flavour, from --learn-lexicon."),
    learn_lexicon: Path | None = typer.Option(
        None, "--learn-lexicon", help="Learn AI flavour from these answers against --human, and write it here."
    ),
    behaviour_model: str | None = typer.Option(
        None, "--behaviour-model", help="Let this model class sentences too; one call for thirty, into --save_dir."
    ),
    no_figures: bool = typer.Option(False, "--no-figures", help="Leave out the PNG and SVG files."),
) -> None:
    """Count answers as texts, by model and language.

    Lengths, diversity, mixed languages, reasoning behaviour, repetition, kept constraints, AI flavour.
    """
    from coig_writer.errors import SettingError
    from coig_writer.evaluate.responses import read_responses
    from coig_writer.evaluate.textstats.flavour import read_lexicons
    from coig_writer.evaluate.textstats.human import read_texts
    from coig_writer.evaluate.textstats.run import text_statistics
    from coig_writer.evaluate.textstats.tokens import choose_tokenizer
    from coig_writer.files import write_json

    if learn_lexicon and not human:
        raise SettingError("--learn-lexicon needs texts of people", remedy="Give them with --human FILE.")
    if behaviour_model and not save_dir:
        raise SettingError("--behaviour-model needs a place for its answers", remedy="Give a folder with --save_dir.")
    found = text_statistics(
        read_responses(responses),
        human=read_texts(human) if human else [],
        reference=reference,
        tokenizer=choose_tokenizer(tokenizer),
        lexicon=read_lexicons(lexicon) if lexicon else None,
    )
    if behaviour_model and save_dir:
        found.value["behaviour_model"] = _classified(found, behaviour_model, save_dir / "behaviour.jsonl")
    if out:
        write_json(out, found.value)
    if learn_lexicon:
        _learn(found, learn_lexicon)
    if save_dir:
        from coig_writer.report.textstats import write_textstats

        write_textstats(found, save_dir, figures=not no_figures)
    _show(found, save_dir)


def _classified(found: TextStatistics, model: str, out: Path) -> dict[str, Any]:
    from coig_writer.cli.console import call_progress
    from coig_writer.evaluate.textstats.classify import classify
    from coig_writer.infer.models import opened

    answers = [answer for group in found.groups for answer in group.answers]
    with opened(model) as spec, call_progress(model) as progress:
        return classify(answers, out=out, spec=spec, progress=progress)


def _learn(found: TextStatistics, path: Path) -> None:
    from coig_writer.cli.console import out as console
    from coig_writer.evaluate.textstats.run import learnt
    from coig_writer.files import write_json

    made = learnt(
        [answer for group in found.groups for answer in group.answers],
        [answer for group in found.human for answer in group.answers],
    )
    write_json(path, made.model_dump())
    for each in made.lexicons:
        console.print(f"Learnt {len(each.units)} units for {each.language}.")


def _show(found: TextStatistics, folder: Path | None) -> None:
    import shlex

    from coig_writer.cli.console import err, out, table

    numbers = ("Answers", "Chars", "TTR", "MATTR", "MTLD", "Mixed", "Kept", "Flavour")
    shown = table(None, "Model", "", *numbers, right=numbers)
    rows = [
        (model, language, value) for model, each in found.value["models"].items() for language, value in each.items()
    ]
    rows += [("(people)", language, value) for language, value in (found.value["human"] or {}).items()]
    for model, language, value in rows:
        shown.add_row(model, language, f"{value['n']:,}", *_cells(value))
    out.print(shown, "")
    out.print("Means. Mixed: answers with text in the other language. Kept: constraints met, of those checked.")
    if not found.value["tokenizer"]:
        out.print("Tokens are not counted: name a tokenizer with --tokenizer, or install coig-writer[embedded].")
    for note in found.notes:
        out.print(f"[{note.language}] {note.en}", soft_wrap=True)
    if lost := len(found.value["not_counted"]) + len(found.value["unread"]):
        kinds = ", ".join(
            f"{count:,} {kind}"
            for kind, count in (
                ("with an error", found.value["failed"]),
                ("without text", found.value["empty"]),
                ("unreadable or replaced", len(found.value["unread"])),
            )
            if count
        )
        err.print(f"Rows not counted: {lost:,} ({kinds}; the JSON names them).", style="bold", soft_wrap=True)
    if folder:
        out.print("Next: open", shlex.quote(str(folder / "report.html")), soft_wrap=True)


def _cells(value: dict[str, Any]) -> list[str]:
    def mean(name: str, places: int) -> str:
        return number(value[name] and value[name]["mean"], places)

    def number(found: float | None, places: int) -> str:
        return "–" if found is None else f"{found:,.{places}f}"

    def share(rate: dict[str, Any] | None) -> str:
        return f"{rate['rate']:.1%}" if rate and rate["n"] else "–"

    return [
        mean("chars", 0),
        mean("ttr", 3),
        number(value["mattr"], 3),
        number(value["mtld"], 1),
        share(value["contamination"]),
        share(value["constraints"].get("all")),
        mean("flavour", 1),
    ]
