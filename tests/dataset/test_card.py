"""The Hub can read the card's header, and text from the data adds no markup to it."""

from __future__ import annotations

import re

import pytest
import yaml

from coig_writer.dataset.card import escape_markdown, render_card, size_category
from coig_writer.schema import Provenance
from support.drafts import drafts, release_of, review, scores, triplet

HOSTILE = '<script>alert(1)</script> | "quoted": [x](http://h)\n---\nlicense: mit'


def header(card: str) -> dict:
    _, head, _ = card.split("---\n", 2)
    return yaml.safe_load(head)


def test_the_header_is_what_the_hub_expects():
    found = header(render_card(release_of(drafts(), licence="CC-BY-4.0")))
    assert found["license"] == "cc-by-4.0"
    assert found["language"] == ["zh"]
    assert found["size_categories"] == ["n<1K"]
    assert {each["data_files"] for each in found["configs"]} == {"triplets.parquet", "earlier.jsonl"}


def test_a_licence_that_the_hub_does_not_know_is_named_as_other():
    found = header(render_card(release_of(drafts(), licence="家传许可")))
    assert (found["license"], found["license_name"]) == ("other", "家传许可")
    assert header(render_card(release_of(drafts())))["license"] == "unknown"


def test_hostile_text_stays_text():
    names = ("licence", "language", "title", "author", "url", "platform", "source", "genre_by")
    article = triplet().article.model_copy(update=dict.fromkeys(names, HOSTILE))
    scored = scores(9, 9, 9, 9, 9, 9).model_copy(update={"by": f"human:{HOSTILE}"})
    provenance = Provenance(drafted_by=f"llm:{HOSTILE}", note=HOSTILE, templates={HOSTILE: HOSTILE})
    bad = triplet(
        review("accept", by="human:lin", comment=HOSTILE), article=article, scores=[scored], provenance=provenance
    )
    card = render_card(release_of([bad], title=HOSTILE, licence=HOSTILE))
    found = header(card)
    assert found["pretty_name"] == found["license_name"] == " ".join(HOSTILE.split())
    assert (found["license"], found["language"]) == ("other", ["zh"])
    assert "license: mit" not in card.split("---\n", 2)[2].splitlines()
    assert not re.search(r"^---$", card.split("---\n", 2)[2], re.MULTILINE)
    acting = re.sub(r"\\.", "", card.split("---\n", 2)[2])  # without what is escaped
    assert "<script" not in acting
    assert "](http" not in acting


@pytest.mark.parametrize(("verdicts", "warned"), [((), True), ((review("accept"),), False)])
def test_the_card_warns_of_what_nobody_reviewed(verdicts, warned):
    card = render_card(release_of([triplet(*verdicts)]))
    assert ("[!WARNING]" in card) is warned


def test_people_are_counted_and_models_named():
    by_people = [
        triplet(review("accept", by=f"human:{name}"), id=name, scores=[scores(9, 9, 9, 9, 9, 9, by=f"human:{name}")])
        for name in ("林小满", "吴大有")
    ]
    drafted = by_people[0].model_copy(update={"id": "3", "provenance": Provenance(drafted_by="human:林小满")})
    card = render_card(release_of([*by_people, drafted, triplet(id="4")]))
    assert "Six scores were given by 2 people (3), llm:" in card
    assert "1 person (1)" in card
    assert "林小满" not in card
    assert "吴大有" not in card


def test_an_empty_release_has_a_card():
    card = render_card(release_of(drafts()[7:]))
    assert "Triplets | 0" in card
    assert "No person has reviewed" in card


def test_escaping_keeps_to_one_line():
    assert escape_markdown("a\n|b|\n# c") == r"a \|b\| \# c"


@pytest.mark.parametrize(("count", "name"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**6, "n>1M")])
def test_sizes_are_named_as_the_hub_does(count, name):
    assert size_category(count) == name
