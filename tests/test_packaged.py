"""The benchmark and the starter triplets keep what docs/benchmark.md promises."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import combinations

import pytest

import coig_writer
from coig_writer.annotate.checks import check_parts, chinese_share
from coig_writer.annotate.injection import find_instructions
from coig_writer.annotate.overlap import Bare, longest_common_run, ngram_overlap
from coig_writer.annotate.settings import AnnotateSettings
from coig_writer.corpus.personal import find_personal_data
from coig_writer.errors import SettingError
from coig_writer.packaged import DATA_SETS, load
from coig_writer.schema import Challenge, Query, Triplet, article_id
from coig_writer.taxonomy import categories, genres
from coig_writer.verse import clauses, couplet_faults, regulated_verse_faults, rhyme_share

QUERIES = coig_writer.load_benchmark()
STARTER = coig_writer.load_starter()
EXEMPLARS = coig_writer.load_exemplars()
GENRES = [slug for slug in genres() if slug != "role_play"]


def by_id(record: Query | Triplet) -> str:
    return record.id if isinstance(record, Query) else f"{record.genre}-{record.id[:4]}"


def of(language: str) -> list[Query]:
    return [query for query in QUERIES if query.language == language]


def share(found: int, among: list) -> float:
    return found / len(among)


@pytest.mark.parametrize(("language", "each"), [("zh", 4), ("en", 2)])
def test_so_many_for_each_genre_in_the_order_of_the_taxonomy(language, each):
    ids = [query.id for query in of(language)]
    assert ids == [f"{language}-{slug}-{number}" for slug in GENRES for number in range(1, each + 1)]
    assert all(query.id.split("-")[1] == query.genre for query in QUERIES)


@pytest.mark.parametrize("query", QUERIES, ids=by_id)
def test_a_query_says_all_that_its_data_say(query):
    text, asked = query.query, query.constraints
    assert (chinese_share(text) > 0.5) == (query.language == "zh")
    missing = [word for word in (*asked.must_include, *asked.must_avoid) if word.casefold() not in text.casefold()]
    if asked.length:
        assert asked.length.unit == ("characters" if query.language == "zh" else "words")
        numbers = re.findall(r"\d+", text.replace(",", ""))
        missing += [str(bound) for bound in (asked.length.min, asked.length.max) if bound and str(bound) not in numbers]
    assert missing == []
    assert asked != type(asked)(), "no constraint at all"
    assert query.context
    assert query.difficulty in (1, 2, 3)
    assert 4 <= len(set(query.criteria)) == len(query.criteria) <= 5


@pytest.mark.parametrize("query", QUERIES, ids=by_id)
def test_a_challenge_has_its_constraint(query):
    asked = query.constraints
    form = asked.form
    needed = {
        Challenge.FORBIDDEN_WORD: bool(asked.must_avoid),
        Challenge.EXACT_SECTIONS: bool(form and form.sections),
        Challenge.RHYME: bool(form and form.rhyme),
        Challenge.TONAL_PATTERN: bool(form and form.tones),
    }
    assert [challenge for challenge in query.challenges if not needed.get(challenge, True)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_quarter_and_more_are_hard_in_ways_that_separate_models(language):
    queries = of(language)
    assert share(sum(bool(query.challenges) and query.difficulty == 3 for query in queries), queries) >= 0.25
    kinds = Counter(challenge for query in queries for challenge in query.challenges)
    assert [kind for kind in Challenge if not kinds[kind] and language == "zh"] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_difficulties_lengths_and_kinds_of_constraint_are_spread(language):
    queries = of(language)
    difficulties = Counter(query.difficulty for query in queries)
    assert all(share(difficulties[each], queries) >= 0.1 for each in (1, 2, 3)), difficulties
    kinds = Counter(kind for query in queries for kind, asked in query.constraints if asked)
    assert all(share(kinds[kind], queries) >= 0.15 for kind in type(queries[0].constraints).model_fields), kinds
    tops = sorted(
        query.constraints.length.max for query in queries if query.constraints.length if query.constraints.length.max
    )
    assert tops[-1] >= 8 * tops[len(tops) // 20]
    assert len(set(tops)) >= 15
    texts = sorted(len(query.query) for query in queries)
    assert texts[-len(texts) // 10] >= 2 * texts[len(texts) // 10]


def test_no_two_queries_are_near_duplicates():
    texts = {query.id: Bare.of(query.query).text for query in QUERIES}
    grams = {name: {text[at : at + 4] for at in range(len(text) - 3)} for name, text in texts.items()}
    alike = [(a, b) for a, b in combinations(grams, 2) if len(grams[a] & grams[b]) > 0.2 * len(grams[a] | grams[b])]
    assert alike == []


def test_queries_begin_in_their_own_ways():
    openings = Counter((query.language, Bare.of(query.query).text[:6]) for query in QUERIES)
    assert [(opening, count) for opening, count in openings.items() if count > 4] == []


def test_the_starter_has_every_genre():
    counted = Counter(triplet.genre for triplet in STARTER)
    assert list(counted) == GENRES
    assert set(counted.values()) <= {1, 2}


@pytest.mark.parametrize("triplet", STARTER, ids=by_id)
def test_a_starter_triplet_passes_the_program_checks(triplet):
    article = triplet.article
    assert 20 <= len(article.text) <= 1500
    assert 250 <= len(triplet.reasoning) <= 1200
    findings, _ = check_parts(article, triplet.prompt, triplet.reasoning, AnnotateSettings())
    assert [found for found in findings if found.severity == "error" or found.rule == "past-tense"] == []
    assert find_instructions(article.text) == []


def test_a_reasoning_answers_its_own_prompt_and_none_of_another():
    """What `least_response` is set by: own pairs reach .23 and more, pairs of different triplets .18 at most."""
    others = STARTER[7:] + STARTER[:7]
    for triplet, other in zip(STARTER, others, strict=True):
        own, foreign = (
            {
                finding.rule
                for finding in check_parts(triplet.article, each.prompt, triplet.reasoning, AnnotateSettings())[0]
            }
            for each in (triplet, other)
        )
        assert "unmet-requirements" not in own, triplet.id
        assert "unmet-requirements" in foreign, (triplet.id, other.id)


@pytest.mark.parametrize("triplet", STARTER, ids=by_id)
def test_a_starter_triplet_says_where_it_comes_from(triplet):
    article = triplet.article
    assert (triplet.id, article.id) == (article_id(article.text),) * 2
    assert article.genre == triplet.genre
    assert all((article.title, article.author, article.published, article.source))
    assert (article.language, article.script, article.licence) == ("zh", "hans", "cc-by-4.0")
    assert triplet.provenance.note == "written for this project"
    assert (triplet.scores, triplet.reviews) == ([], []), "nobody has scored or reviewed it"


@pytest.mark.parametrize("part", ["article", "prompt", "reasoning"])
def test_no_two_starter_triplets_share_a_passage(part):
    texts = {
        by_id(each): Bare.of(each.article.text if part == "article" else getattr(each, part)).text for each in STARTER
    }
    places = defaultdict(set)
    for name, text in texts.items():
        for at in range(len(text) - 11):
            places[text[at : at + 12]].add(name)
    assert {gram: names for gram, names in places.items() if len(names) > 1} == {}


def test_reasonings_have_their_own_shapes():
    for size, most in ((4, 2), (2, 8)):
        openings = Counter(Bare.of(triplet.reasoning).text[:size] for triplet in STARTER)
        assert [(opening, count) for opening, count in openings.items() if count > most] == []
    paragraphs = Counter(triplet.reasoning.count("\n\n") + 1 for triplet in STARTER)
    assert len(paragraphs) >= 4, "not all of them in as many paragraphs"


@pytest.mark.parametrize("record", [*QUERIES, *STARTER], ids=by_id)
def test_no_personal_data(record):
    assert find_personal_data(record.model_dump_json()) == []


def starters(genre: str) -> list[str]:
    return [triplet.article.text for triplet in STARTER if triplet.genre == genre]


def test_classical_verse_is_in_form():
    poems = starters("classical_poetry")
    assert [fault for poem in poems for fault in regulated_verse_faults(poem)] == []
    assert {len(clauses(poem)) for poem in poems} == {4, 8}


def test_couplets_are_in_form():
    couplets = starters("couplet")
    assert [fault for couplet in couplets for fault in couplet_faults(couplet)] == []


def test_songs_rhyme():
    for song in starters("lyrics"):
        lines = [
            line for line in song.split("\n") if chinese_share(line) and not re.match(r"[（(【\[]|.{1,6}[:：]?$", line)
        ]
        assert rhyme_share(lines) >= 0.4, song


def test_scripts_look_like_scripts():
    assert all(
        re.search(r"^[^\n]*[内外]景?[^\n]*[日夜晨昏]", script, re.MULTILINE) for script in starters("screenplay")
    )
    assert all(
        len(re.findall(r"^[^\n：]{1,8}：", script, re.MULTILINE)) >= 6 for script in starters("sketch_crosstalk")
    )
    assert all(len(re.findall(r"^[^\n：]{1,8}：", script, re.MULTILINE)) >= 4 for script in starters("drama_script"))


def test_five_exemplars_of_each_category():
    assert list(EXEMPLARS) == [slug for slug in categories() if slug != "role_play"]
    for category, chosen in EXEMPLARS.items():
        assert len({triplet.id for triplet in chosen}) == 5
        assert {genres()[triplet.genre].category for triplet in chosen} == {category}
        assert len({triplet.genre for triplet in chosen}) >= 3


@pytest.mark.parametrize("triplet", [each for chosen in EXEMPLARS.values() for each in chosen], ids=by_id)
def test_no_exemplar_gives_a_query_away(triplet):
    parts = [Bare.of(text).text for text in (triplet.prompt, triplet.reasoning, triplet.article.text)]
    for query in of("zh"):
        bare = Bare.of(re.sub(r"\d+(到\d+)?[字行条]", "", query.query)).text
        assert max(longest_common_run(bare, part) for part in parts) <= 8, query.id
        assert max(ngram_overlap(bare, part, 5) for part in parts) <= 0.05, query.id


def test_each_set_has_a_name():
    assert {each.name: len(load(each.name)) for each in DATA_SETS} == {
        "benchmark:zh": 204,
        "benchmark:en": 102,
        "benchmark:all": 306,
        "starter": len(STARTER),
        "exemplars": 35,
    }
    with pytest.raises(SettingError, match="benchmark:zh"):
        load("benchmark:fr")
