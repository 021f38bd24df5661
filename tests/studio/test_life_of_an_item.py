"""From a candidate to a release, through the views that browsers use."""

import gzip
import html
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coig_writer.dataset.inputs import read_items
from coig_writer.errors import InputError
from coig_writer.schema import Article, Triplet, Verdict
from coig_writer.studio.models import AuditEntry
from coig_writer.studio.workflow import Status, after_inspection, after_reviews
from support.command_line import command


@pytest.fixture
def crew(person):
    return {
        "author": person("annotator"),
        "first": person("reviewer"),
        "second": person("reviewer"),
        "inspector": person("inspector"),
        "manager": person("manager"),
    }


def claim(user, project, role):
    answer = user.client.post(f"/projects/{project.pk}/claim/{role}")
    assert answer.status_code == 302, answer.content.decode()
    return answer.url


def submit(user, item, data):
    answer = user.client.post(f"/items/{item.pk}/submit", data)
    item.refresh_from_db()
    return answer


def review(user, item, data):
    answer = user.client.post(f"/items/{item.pk}/review", data)
    item.refresh_from_db()
    return answer


def written(project, item, crew, form, **changes):
    """The item, claimed and submitted by its author."""
    claim(crew["author"], project, "annotator")
    return submit(crew["author"], item, form(**changes))


def test_from_candidate_to_release(project, item, crew, form, verdict, studio):
    one = item()
    assert claim(crew["author"], project, "annotator") == f"/items/{one.pk}/"
    assert crew["author"].client.get(f"/items/{one.pk}/").status_code == 200

    submit(crew["author"], one, form(article_quality=7))  # below the gate
    assert one.status == Status.REFINE
    assert "article_quality 7 < 8" in one.shortfalls
    submit(crew["author"], one, form(base=one.head))
    assert (one.status, one.round) == (Status.IN_REVIEW, 1)

    claim(crew["first"], project, "reviewer")
    claim(crew["second"], project, "reviewer")
    review(crew["first"], one, verdict(one))
    assert one.status == Status.IN_REVIEW
    review(crew["second"], one, verdict(one, "send_back"))
    assert one.status == Status.DISPUTED
    inspected = crew["inspector"].client.post(f"/items/{one.pk}/inspect", verdict(one, "send_back"))
    assert inspected.status_code == 302
    one.refresh_from_db()
    assert one.status == Status.SENT_BACK
    assert one.title in crew["author"].client.get(f"/projects/{project.pk}/").content.decode()

    submit(crew["author"], one, form(base=one.head, reasoning=form()["reasoning"] + "\n\n末了再看一遍语气。"))
    assert (one.status, one.round) == (Status.IN_REVIEW, 2)
    review(crew["first"], one, verdict(one))  # the same two are asked again
    review(crew["second"], one, verdict(one))
    assert one.status == Status.ACCEPTED
    crew["inspector"].client.post(f"/items/{one.pk}/inspect", verdict(one))
    one.refresh_from_db()
    assert one.status == Status.APPROVED

    built = crew["manager"].client.post(f"/projects/{project.pk}/release", {"licence": "cc-by-4.0"})
    assert built.status_code == 200
    folder = studio / "releases" / f"project-{project.pk}"
    assert (folder / "release" / "README.md").is_file()
    [read], _ = read_items([folder / "approved.jsonl"])
    assert [each.verdict for each in read.record.reviews if each.round == 2] == [Verdict.ACCEPT] * 3
    text = (folder / "approved.jsonl").read_text(encoding="utf-8")
    assert not any(user.username in text for user in crew.values())
    released = [json.loads(line) for line in (folder / "release" / "full.jsonl").read_text().splitlines()]
    assert [each["id"] for each in released] == [one.key]
    assert list(AuditEntry.objects.filter(item=one).order_by("id").values_list("action", flat=True)) == [
        "assign", "save", "submit", "save", "submit", "assign", "assign", "review", "review", "inspect",
        "save", "submit", "review", "review", "inspect",
    ]  # fmt: skip


def test_a_submission_that_lacks_something_is_refused_and_nothing_moves(project, item, crew, form):
    one = item()
    answer = written(project, one, crew, form, coherent="")
    assert answer.status_code == 400
    assert (one.status, one.head) == (Status.DRAFT, 1)


def test_the_author_who_doubts_the_triplet_is_taken_at_their_word(project, item, crew, form):
    one = item()
    written(project, one, crew, form, coherent="no")
    assert one.status == Status.REFINE


def test_an_item_that_needs_special_knowledge_needs_four(project, item, crew, form, verdict, person):
    one = item(specialist=True)
    written(project, one, crew, form)
    for at in range(4):
        assert one.status == Status.IN_REVIEW, f"settled after {at}"
        reviewer = person("reviewer")
        claim(reviewer, project, "reviewer")
        review(reviewer, one, verdict(one))
    assert one.status == Status.ACCEPTED
    assert person("reviewer").client.post(f"/projects/{project.pk}/claim/reviewer").status_code == 409


def test_who_lost_a_role_blocks_nothing(project, item, crew, form, verdict, person):
    one, two = item(), item(1)
    written(project, one, crew, form)
    for name in ("first", "second"):
        claim(crew[name], project, "reviewer")
        review(crew[name], one, verdict(one, "send_back"))
    gone = project.memberships.get(user=crew["first"], role="reviewer")
    crew["manager"].client.post(f"/projects/{project.pk}/people/{gone.pk}", {"remove": "1"})
    submit(crew["author"], one, form(base=one.head, prompt=form()["prompt"] + "写得再松一点。"))
    assert (one.status, one.round) == (Status.IN_REVIEW, 2)
    assert [each.user for each in one.assignments.filter(ended=None)] == [crew["second"]]
    assert claim(person("reviewer"), project, "reviewer") == f"/items/{one.pk}/review"
    claim(crew["author"], project, "annotator")
    gone = project.memberships.get(user=crew["author"], role="annotator")
    crew["manager"].client.post(f"/projects/{project.pk}/people/{gone.pk}", {"remove": "1"})
    assert claim(person("annotator"), project, "annotator") == f"/items/{two.pk}/"


def test_the_author_never_reviews_their_own(project, item, form, person, verdict):
    author = person("annotator", "reviewer", "inspector")
    one = item()
    claim(author, project, "annotator")
    submit(author, one, form())
    assert author.client.post(f"/projects/{project.pk}/claim/reviewer").status_code == 409
    assert review(author, one, verdict(one)).status_code == 409
    assert author.client.post(f"/items/{one.pk}/inspect", verdict(one)).status_code == 403
    assert one.decisions.count() == 0


def test_verdicts_stay_hidden_until_all_are_in(project, item, crew, form, verdict):
    one = item()
    written(project, one, crew, form)
    claim(crew["first"], project, "reviewer")
    claim(crew["second"], project, "reviewer")
    remark = {"part": "prompt", "body": "只有我看得到的批注", "start": 0, "end": 3, "quote": "给一栋"}
    assert "只有我" in crew["first"].client.post(f"/items/{one.pk}/remarks", remark).content.decode()
    review(crew["first"], one, verdict(one, "send_back", comment="只有我知道的理由"))
    for user in (crew["second"], crew["author"]):
        page = user.client.get(f"/items/{one.pk}/review").content.decode()
        assert "只有我" not in page
    assert "只有我知道" in crew["manager"].client.get(f"/items/{one.pk}/review").content.decode()
    review(crew["second"], one, verdict(one, "send_back"))
    assert one.status == Status.SENT_BACK
    page = crew["author"].client.get(f"/items/{one.pk}/").content.decode()
    assert "只有我知道的理由" in page
    assert "只有我看得到的批注" in page
    assert crew["first"].username not in page


def test_a_verdict_about_another_text_is_refused(project, item, crew, form, verdict):
    one = item()
    written(project, one, crew, form)
    claim(crew["first"], project, "reviewer")
    assert review(crew["first"], one, verdict(one, version=one.submitted - 1)).status_code == 409
    assert one.decisions.count() == 0


@pytest.mark.parametrize(
    ("verdicts", "needed", "status"),
    [
        ([], 2, Status.IN_REVIEW),
        (["accept"], 2, Status.IN_REVIEW),
        (["accept", "accept"], 2, Status.ACCEPTED),
        (["send_back", "send_back"], 2, Status.SENT_BACK),
        (["remove", "remove"], 2, Status.REMOVED),
        (["accept", "remove"], 2, Status.DISPUTED),
        (["accept", "accept", "accept", "send_back"], 4, Status.DISPUTED),
    ],
)
def test_what_reviewers_agree_on_settles_the_round(verdicts, needed, status):
    assert after_reviews([Verdict(each) for each in verdicts], needed) == status


def test_an_inspection_is_final():
    assert [after_inspection(verdict) for verdict in Verdict] == [Status.APPROVED, Status.SENT_BACK, Status.REMOVED]


def test_an_import_says_what_the_project_nearly_has(project, item, crew, starter, tmp_path):
    older = item(4)
    article = starter[4]["article"]
    near = {**article, "id": "", "title": "改了一处的同一篇", "text": article["text"] + "\n又添了一句。"}
    rows = [near, starter[7]["article"]]
    file = tmp_path / "articles.jsonl"
    for row in rows:
        row["id"] = Article.from_text(row["text"]).id
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    with open(file, "rb") as given:
        page = crew["manager"].client.post(f"/projects/{project.pk}/import", {"file": given})
    done = page.context["done"]
    assert (done.added, done.known) == (2, 0)
    [copy] = done.near
    assert (copy.item.title, copy.older.pk) == ("改了一处的同一篇", older.pk)
    assert copy.similarity > 0.7
    assert f"/items/{older.pk}/review" in page.content.decode()


def test_the_outline_leads_to_paragraphs_and_stanzas(project, person):
    from coig_writer.studio import intake

    manager = person("manager")
    prose = Article.from_text(
        "\n".join(f"第{n}段说江南的春天，雨落在河上，船家收了伞，一路无话。" * 3 for n in "一二三"), language="zh"
    )
    poem = Article.from_text("春天\n来了\n\n雨也\n来了\n\n河水\n涨了", genre="modern-poetry", language="zh")
    for article, numbers in ((prose, [1, 2, 3]), (poem, [1, 3, 5])):
        intake.add(project, [intake.Incoming(article)])
        page = manager.client.get(f"/items/{project.items.get(key=article.id).pk}/review")
        assert [line.number for line in page.context["outline"]] == numbers
        assert f'href="#p{numbers[-1]}"' in page.content.decode()


def test_an_import_says_which_texts_are_hardly_worth_the_work(project, crew, person, starter, tmp_path):
    from coig_writer.schema import Article
    from coig_writer.studio import intake

    good = Article.model_validate(starter[0]["article"])
    loop = Article.from_text("江南的春天来得早，河上的船还没有解开缆绳，岸边的柳已经绿了。\n" * 20, title="回环")
    old = Article.from_text(starter[5]["article"]["text"], title="旧文", published="1999-01-01")
    file = tmp_path / "three.jsonl"
    file.write_text("".join(f"{each.model_dump_json()}\n" for each in (good, loop, old)), encoding="utf-8")
    with open(file, "rb") as upload:
        page = crew["manager"].client.post(f"/projects/{project.pk}/import", {"file": upload}).content.decode()
    assert "2 篇恐怕不值得做" in page
    found = {each.title: each.doubt for each in project.items.all()}
    assert found == {good.title: "", "回环": "repeated-paragraphs", "旧文": "too-old"}
    listed = crew["manager"].client.get(f"/projects/{project.pk}/items?doubt=1").content.decode()
    assert "段落重复" in listed
    assert good.title not in listed

    more = tmp_path / "more.jsonl"  # with no time to look, the list makes up for it
    more.write_text(f"{Article.from_text('又' + loop.text, title='再回环').model_dump_json()}\n", encoding="utf-8")
    assert intake.import_file(project, more, seconds=0).unseen == 1
    assert project.items.get(title="再回环").doubt is None
    crew["manager"].client.get(f"/projects/{project.pk}/items")
    assert project.items.get(title="再回环").doubt == "repeated-paragraphs"

    aside = project.items.get(title="回环")
    path = f"/items/{aside.pk}/set-aside"
    assert crew["author"].client.post(path).status_code == 404
    crew["manager"].client.post(path)
    aside.refresh_from_db()
    assert aside.status == "removed"
    assert "放回队列" in crew["manager"].client.get(f"/items/{aside.pk}/review").content.decode()
    crew["manager"].client.post(path)
    aside.refresh_from_db()
    assert (aside.status, aside.finished) == ("candidate", None)
    crew["author"].client.post(f"/projects/{project.pk}/claim/annotator")
    held = project.items.get(author=crew["author"])
    assert crew["manager"].client.post(f"/items/{held.pk}/set-aside").status_code == 409
    assert "搁下不做" not in crew["manager"].client.get(f"/items/{held.pk}/review").content.decode()


def test_the_audit_log_can_be_read_and_names_nobody(project, item, crew, form, verdict):
    from coig_writer.studio import export

    one = item()
    written(project, one, crew, form)
    claim(crew["first"], project, "reviewer")
    crew["first"].client.post(f"/items/{one.pk}/remarks", {"part": "prompt", "body": "机密"})
    remark = one.comments.get()
    crew["first"].client.post(f"/items/{one.pk}/remarks/{remark.pk}/settle")
    found = list(export.audit(project))
    assert [each["action"] for each in found if each["id"]] == [
        *("assign", "save", "submit", "assign", "remark", "settle"),
    ]
    author = f"human:{project.handle(crew['author'].pk)}"
    assert [each["by"] for each in found if each["action"] == "submit"] == [author]
    text = str(found)
    assert not any(user.username in text for user in crew.values())
    assert "机密" not in text
    table = crew["manager"].client.get(f"/projects/{project.pk}/export/audit.csv")
    assert b'""passed"":true' in b"".join(table.streaming_content)


def test_a_line_that_cannot_be_read_keeps_no_other_out(project, crew, starter, tmp_path):
    good = [starter[number]["article"] for number in (0, 1)]
    lines = [json.dumps(good[0], ensure_ascii=False), "{broken", '{"id": "x"}', json.dumps(good[1], ensure_ascii=False)]
    file = tmp_path / "mixed.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    with open(file, "rb") as upload:
        page = crew["manager"].client.post(f"/projects/{project.pk}/import", {"file": upload}).content.decode()
    assert "新增 2 篇；0 篇已有；2 条读不出" in page
    assert "mixed.jsonl:2：不是有效的 JSON" in page
    assert "mixed.jsonl:3，text：缺这一项" in page
    assert project.items.count() == 2


@pytest.fixture
def partly_kept(tmp_path):
    """A file of three records: one is whole, one loses two fields, one cannot be read."""
    rows = [{"prompt": "写", "thought": "想", "output": text} for text in ("雪落了一夜。", "雨下了一夜。")]
    rows[1] |= {"likes": 3, "published": "someday"}
    path = tmp_path / "partly.jsonl"
    path.write_text("\n".join(map(json.dumps, [*rows, {"prompt": "写"}])), encoding="utf-8")
    return path


def test_a_field_that_is_lost_does_not_count_as_a_record(project, partly_kept):
    from coig_writer.studio import intake

    done = intake.import_file(project, partly_kept, name="mine.jsonl")
    assert (done.added, done.known) == (2, 0)
    assert [(each.where, each.field) for each in done.rejects] == [("mine.jsonl:3", "reasoning")]
    assert [(each.where, each.field) for each in done.lost] == [
        ("mine.jsonl:2", "likes"),
        ("mine.jsonl:2", "published"),
    ]
    told = AuditEntry.objects.filter(project=project, action="import").get().detail
    assert (told["added"], told["rejected"], told["lost"]) == (2, 1, 2)


def test_page_and_command_say_which_fields_are_lost(project, crew, partly_kept, monkeypatch):
    with open(partly_kept, "rb") as upload:
        page = crew["manager"].client.post(f"/projects/{project.pk}/import", {"file": upload}).content.decode()
    assert "新增 2 篇；0 篇已有；1 条读不出" in page
    assert "有 2 处没有保留" in page
    assert "partly.jsonl:2，likes：这一列没有地方放" in page
    monkeypatch.setattr("coig_writer.cli.studio._open", lambda folder: None)  # the tests' own is open
    ended = command("studio", "import", partly_kept, "--project", project.name)
    assert "0 added, 2 known, 1 unreadable, 2 fields not kept" in ended.out
    assert "not kept: partly.jsonl:2, likes: there is no place for this column" in ended.err
    assert "not read: partly.jsonl:3, reasoning: no reasoning" in ended.err


def test_what_is_wrong_with_a_file_is_said_in_the_language_of_the_page(project, crew, partly_kept, tmp_path):
    client, path = crew["manager"].client, f"/projects/{project.pk}/import"
    twice = tmp_path / "twice.csv"
    twice.write_text("prompt,prompt\n写,想\n", encoding="utf-8")

    def shown(file):
        with open(file, "rb") as upload:
            page = html.unescape(client.post(path, {"file": upload}).content.decode())
        return re.findall(r'role="alert">(.*?)</p>|<li>(partly.*?)</li>', page)

    assert shown(twice) == [("没有导入：twice.csv:1：第 1 列和第 2 列都叫 'prompt'。请改名，或删掉一列。", "")]
    assert all(re.search("[\u3400-\u9fff]", each) for _, each in shown(partly_kept))
    client.post("/language", {"language": "en", "next": path})
    assert shown(twice) == [
        ("Nothing was imported: twice.csv:1: two columns are called 'prompt': number 1 and number 2. "
         "Rename or delete one of them.", ""),
    ]  # fmt: skip
    assert [each for _, each in shown(partly_kept)][1:] == [
        "partly.jsonl:2, likes: there is no place for this column",
        "partly.jsonl:2, published: 'someday': Input should be a valid date or datetime, input is too short",
    ]


def test_a_table_of_triplets_comes_in_and_one_that_breaks_off_does_up_to_there(project, starter, tmp_path):
    from coig_writer.dataset.tables import write_triplets
    from coig_writer.studio import intake

    path = tmp_path / "some.parquet"
    write_triplets(path, [Triplet.model_validate(each) for each in starter[:3]], "published")
    assert intake.import_file(project, path).added == 3
    lines = [json.dumps({"prompt": "写一段", "thought": "想", "output": f"第{n}篇"}) for n in range(3_000)]
    whole = gzip.compress("\n".join(lines).encode(), mtime=0)
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(whole[:-400])
    done = intake.import_file(project, cut, name="mine.jsonl")
    assert 0 < done.added < 3_000
    assert [str(each) for each in done.rejects] == [
        "mine.jsonl: the rest: cannot read: Compressed file ended before the end-of-stream marker was reached"
    ]


def test_a_key_with_two_values_is_told(project, tmp_path):
    from coig_writer.studio import intake

    path = tmp_path / "twice.jsonl"
    path.write_text('{"id": "a", "text": "秋天"}\n{"id": "b", "text": "春天", "text": "夏天"}\n', encoding="utf-8")
    done = intake.import_file(project, path)
    assert (done.added, [str(each) for each in done.rejects]) == (
        1,
        ["twice.jsonl:2, text: text stands twice in the record, with different values; keep one of them"],
    )


@pytest.mark.parametrize("wrong", [{"likes": -1}, {"text": ""}])
def test_a_table_of_candidates_says_which_record_is_wrong(project, tmp_path, wrong):
    from coig_writer.corpus.candidates import CANDIDATE_COLUMNS
    from coig_writer.studio import intake

    rows = [{"id": f"{n}", "text": "落叶", "likes": n} for n in range(3)]
    rows[1] |= wrong
    path = tmp_path / "candidates.parquet"
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in CANDIDATE_COLUMNS}), path)
    with pytest.raises(InputError, match="record 2 is no candidate: "):
        intake.import_file(project, path)
    assert not project.items.exists()
