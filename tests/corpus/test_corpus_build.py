import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from corpus_texts import ENGLISH, GOOD, OTHER, POEM, THIRD, TRADITIONAL
from filelock import FileLock
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from coig_writer.corpus import build as room
from coig_writer.corpus.build import build, check_readable
from coig_writer.corpus.candidates import CANDIDATE_COLUMNS, REJECTED_COLUMNS, read_candidates
from coig_writer.corpus.settings import CorpusSettings
from coig_writer.errors import InputError, SettingError, StorageError
from coig_writer.files import write_jsonl
from coig_writer.schema import article_id

DATED = {"date": "2024-03-05"}


def record(text: str, **fields) -> dict:
    return {"text": text, **DATED, **fields}


def write(path: Path, *records) -> Path:
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records), encoding="utf-8")
    return path


def kept(folder: Path) -> list[dict]:
    return pq.read_table(folder / "candidates.parquet").to_pylist()


def rejected(folder: Path) -> dict[str, dict]:
    return {row["source"].rpartition("/")[2]: row for row in pq.read_table(folder / "rejected.parquet").to_pylist()}


def test_a_text_goes_through_with_all_that_is_known_of_it(tmp_path):
    source = write(
        tmp_path / "a.jsonl",
        record(
            GOOD,
            title="停摆",
            author="陶",
            url="https://www.example.com/a?utm_source=x",
            likes=5,
            genre="武侠",
            licence="CC",
        ),
    )
    summary = build([source], tmp_path / "out").summary
    assert (summary.read, summary.kept, summary.rejected) == (1, 1, {})
    (row,) = kept(tmp_path / "out")
    assert tuple(row) == CANDIDATE_COLUMNS
    assert (row["id"], row["text"]) == (article_id(GOOD), GOOD)
    assert (row["title"], row["author"], row["licence"], row["genre"]) == ("停摆", "陶", "CC", "wuxia")
    assert (row["url"], row["platform"]) == ("https://www.example.com/a", "example.com")
    assert (str(row["published"]), row["language"], row["script"]) == ("2024-03-05", "zh", "hans")
    assert (row["likes"], row["shares"], row["engagement_percentile"]) == (5, None, 0.5)
    assert (row["source"], row["cluster"], row["personal_data"]) == ("a.jsonl:1", None, None)
    assert json.loads(row["evidence"])["dates"] == [{"origin": "column date", "value": "2024-03-05"}]


REASONS = {
    "too-short": record("一句话。"),
    "too-long": record(GOOD * 300),
    "language": record(ENGLISH),
    "cut-off": record(f"{GOOD}\n\n他说，"),
    "undated": {"text": GOOD},
    "too-old": record(GOOD, date="2020-01-01"),
    "future-date": record(GOOD, date="2099-01-01"),
    "dates-disagree": record(GOOD, url="https://a.example.com/2021/05/06/x.html"),
    "no-text": record(" "),
    "no-text-column": {"name": "x"},
    "broken-record": ["a"],
}


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_is_recorded_with_stage_detail_and_the_original(tmp_path, reason):
    original = REASONS[reason]
    source = write(tmp_path / "a.jsonl", record(OTHER), original)
    summary = build([source], tmp_path / "out", CorpusSettings(max_characters=20_000)).summary
    assert summary.rejected == {reason: 1}
    assert (summary.read, summary.kept) == (2, 1)
    row = rejected(tmp_path / "out")["a.jsonl:2"]
    assert tuple(row) == REJECTED_COLUMNS
    assert row["reason"] == reason
    assert row["detail"]
    stage = next(stage for stage in summary.stages if stage.rows_in != stage.rows_out)
    assert (row["stage"], stage.rows_in, stage.rows_out) == (stage.stage, 2, 1)
    if isinstance(original, dict) and original.get("text", "").strip():
        assert row["text"] == original["text"]


def test_personal_data_is_masked_flagged_or_refused(tmp_path):
    text = f"{GOOD}\n\n有事请打13000000001。"
    source = write(tmp_path / "a.jsonl", record(text), record(OTHER))
    masked = build([source], tmp_path / "mask").summary
    assert masked.masked == 1
    row = kept(tmp_path / "mask")[0]
    assert row["text"].endswith("有事请打〔手机号〕。")
    assert row["id"] == article_id(row["text"])
    assert [spot["kind"] for spot in json.loads(row["personal_data"])] == ["mobile"]
    build([source], tmp_path / "flag", CorpusSettings(personal_data="flag"))
    assert kept(tmp_path / "flag")[0]["text"] == text
    summary = build([source], tmp_path / "reject", CorpusSettings(personal_data="reject")).summary
    assert summary.rejected == {"personal-data": 1}


def test_what_is_masked_is_readable_nowhere_among_the_candidates(tmp_path):
    pitch = "限时优惠，免费领取，立即下单！详情加微信 demo_0001，电话13000000001。" * 2
    numbered = "\n".join(f"{n}号{'.' * 12}13000000001" for n in range(3))
    source = write(
        tmp_path / "a.jsonl",
        record(f"{pitch}\n\n{GOOD}", title="电话13000000001", author="陶 加QQ10000001", genre="advertising_copy"),
        record(f"{numbered}\n\n{OTHER}", genre="不详"),
        record(f"他说（13000000001\n\n{THIRD}\n\n（（下次打13000000001，"),
    )
    lenient = CorpusSettings(min_completeness=0, min_format=0, min_errors=0, min_logic=0, min_creativity=0)
    assert build([source], tmp_path / "out", lenient).summary.masked == 3
    rows = kept(tmp_path / "out")
    findings = json.loads(rows[0]["evidence"])
    assert [finding["rule"] for finding in findings["format"]] == ["advertisement"]
    assert json.loads(rows[2]["evidence"])["completeness"][0]["quote"].endswith("下次打〔手机号〕，")
    assert (rows[0]["title"], rows[0]["author"]) == ("电话〔手机号〕", "陶 加QQ〔QQ号〕")
    said = json.dumps([{**row, "source": None, "published": None} for row in rows], ensure_ascii=False)
    assert not any(part in said for part in ("1300", "0001", "demo"))
    columns = [spot["column"] for spot in json.loads(rows[0]["personal_data"])]
    assert (columns[-2:], set(columns[:-2])) == (["title", "author"], {"text"})


def test_a_text_torn_off_at_a_number_is_refused_whether_the_number_is_masked_or_not(tmp_path):
    source = write(
        tmp_path / "a.jsonl",
        record(f"{GOOD}墙根底下靠着一块旧木牌，上面用粉笔写着一串细小的号码13000000001"),
        record(OTHER),
    )
    for how in ("mask", "flag"):
        summary = build([source], tmp_path / how, CorpusSettings(personal_data=how)).summary
        assert summary.rejected == {"cut-off": 1}


def test_a_sales_pitch_is_refused_whether_its_contact_is_masked_or_not(tmp_path):
    pitch = "限时优惠！原价三千，现价只要九百，名额有限，先到先得，立即下单！详情加微信 demo_0001，电话13000000001。"
    source = write(tmp_path / "a.jsonl", record(pitch), record(OTHER))
    for number, how in enumerate(("mask", "flag", "reject")):
        summary = build([source], tmp_path / str(number), CorpusSettings(personal_data=how)).summary
        assert summary.rejected == {"advertisement": 1}
    detail = rejected(tmp_path / "0")["a.jsonl:1"]["detail"]
    assert detail.startswith(rejected(tmp_path / "1")["a.jsonl:1"]["detail"].partition(",")[0]), "as many contacts"
    assert "demo" not in detail


SIMPLIFIED = (
    "他合上那本旧书，念道：滿紙荒唐言，一把辛酸淚。念完自己笑了，说这书里没有一个字是他写的，可每一句都像在说他。"
)


@pytest.mark.parametrize(
    ("script", "text", "title", "expected", "titled"),
    [
        ("hans", SIMPLIFIED, "紅樓夢", SIMPLIFIED.replace("滿紙", "满纸").replace("淚", "泪"), "红楼梦"),
        ("hans", "孤山上一片白，人在小舟中，心向明月三千里。滿天只有个月。", "余", None, "余"),
        ("hant", "孤山上一片白，人在小舟中，心向明月三千里。", "红楼梦", None, "紅樓夢"),
        ("hant", TRADITIONAL + "余曰：“满纸荒唐言。”", "余", TRADITIONAL + "余曰：“滿紙荒唐言。”", "余"),
    ],
)  # fmt: skip
def test_all_of_a_chinese_text_is_converted_with_title_and_author(tmp_path, script, text, title, expected, titled):
    source = write(tmp_path / "a.jsonl", record(text, title=title, author="魯迅" if script == "hans" else "鲁迅"))
    build([source], tmp_path / "out", CorpusSettings(script=script))
    (row,) = kept(tmp_path / "out")
    assert row["text"] == (expected or text.replace("滿", "满"))
    assert (row["title"], row["author"]) == (titled, "鲁迅" if script == "hans" else "魯迅")
    assert row["script"] == script


def test_script_is_converted_on_request_and_any_language_is_kept(tmp_path):
    source = write(tmp_path / "a.jsonl", record(TRADITIONAL), record(ENGLISH))
    build([source], tmp_path / "out", CorpusSettings(script="hans", language="any"))
    first, second = kept(tmp_path / "out")
    assert first["text"].startswith("阿婆的缝纫机")
    assert (first["script"], second["language"], second["script"]) == ("hans", "en", None)


def test_engagement_is_a_percentile_within_the_platform_and_may_be_a_threshold(tmp_path):
    texts = [GOOD, OTHER, THIRD, TRADITIONAL, POEM * 2]
    figures = [{"likes": 1, "comments": 9}, {"likes": 10}, {"likes": 10}, {}, {"likes": 3}]
    hosts = ["a.example.com", "b.example.com", "c.example.com", "a.example.com", "example.org"]
    rows = [
        record(text, url=f"https://{host}/{number}", **figure)
        for number, (text, figure, host) in enumerate(zip(texts, figures, hosts, strict=True))
    ]
    source = write(tmp_path / "a.jsonl", *rows)
    build([source], tmp_path / "all")
    found = [row["engagement_percentile"] for row in kept(tmp_path / "all")]
    assert found == pytest.approx([(0.5 / 3 + 0.5) / 2, 2 / 3, 2 / 3, None, 0.5])
    summary = build([source], tmp_path / "best", CorpusSettings(min_engagement_percentile=0.4)).summary
    assert summary.rejected == {"low-engagement": 1}
    assert "percentile 0.333 within example.com" in rejected(tmp_path / "best")["a.jsonl:1"]["detail"]


def test_of_copies_the_best_stays_and_names_the_cluster(tmp_path):
    edited = GOOD.replace("街坊问他", "邻居问他")
    longest = GOOD + "后来他也走了。"
    source = write(
        tmp_path / "a.jsonl",
        record(GOOD, url="https://a.example.com/1"),
        record(edited, url="https://b.example.com/2"),
        record(longest, url="https://c.example.com/3"),
        record(OTHER),
        record(longest, date="2023-01-01"),
    )
    summary = build([source], tmp_path / "out").summary
    assert summary.rejected == {"duplicate": 1, "near-duplicate": 2}
    best, other = sorted(kept(tmp_path / "out"), key=lambda row: row["text"] == OTHER)
    assert best["source"].endswith(":5"), "as long as line 3, and earlier"
    assert (best["cluster"], best["cluster_size"], other["cluster"]) == (best["id"], 4, None)
    refused = rejected(tmp_path / "out")
    assert refused["a.jsonl:3"]["reason"] == "duplicate"
    assert refused["a.jsonl:1"]["detail"] == "the best of 4 like it is a.jsonl:5"
    assert {row["cluster"] for row in refused.values()} == {best["id"]}


def test_one_text_a_url(tmp_path):
    source = write(
        tmp_path / "a.jsonl",
        record(GOOD, url="https://www.example.com/a?utm_source=x"),
        record(GOOD + OTHER, url="http://example.com/a/"),
        record(THIRD, url="https://example.com/"),
        record(TRADITIONAL, url="https://example.com/"),
    )
    assert build([source], tmp_path / "out").summary.rejected == {"duplicate-url": 1}
    assert rejected(tmp_path / "out")["a.jsonl:1"]["detail"] == "example.com/a is also the URL of a.jsonl:2"
    assert build([source], tmp_path / "keep", CorpusSettings(same_url="keep")).summary.kept == 4


def test_nothing_is_done_twice_and_nothing_stale_is_kept(tmp_path):
    source, out = write(tmp_path / "a.jsonl", record(GOOD)), tmp_path / "out"
    assert not build([source], out).unchanged
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.iterdir()}
    assert build([source], out).unchanged
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.iterdir()} == before
    changed = build([source], out, CorpusSettings(min_characters=2000))
    assert not changed.unchanged
    assert changed.summary.rejected == {"too-short": 1}
    assert kept(out) == []
    assert not build([source], out).unchanged
    write(source, record(GOOD), record(OTHER))
    assert build([source], out).summary.kept == 2
    (out / "candidates.parquet").write_bytes(b"damaged")
    assert not build([source], out).unchanged
    assert len(kept(out)) == 2
    assert not build([source], out, force=True).unchanged


def test_a_change_of_this_software_builds_anew(tmp_path, monkeypatch):
    source, out = write(tmp_path / "a.jsonl", record(GOOD)), tmp_path / "out"
    build([source], out)
    monkeypatch.setattr("coig_writer.corpus.summary._software", lambda: ["another"])
    assert not build([source], out).unchanged


def test_shards_and_parts_do_not_change_the_result(tmp_path, monkeypatch):
    records = [record(text * (1 + number % 3)) for number in range(8) for text in (GOOD, OTHER, THIRD, POEM, "短")]
    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.jsonl", *records)
    sources = sorted(tmp_path.glob("*.jsonl"))
    build(sources, tmp_path / "whole")
    monkeypatch.setattr(room, "GROUP_FILES", 1)
    monkeypatch.setattr(room, "PART_ROWS", 7)
    monkeypatch.setattr(room, "SHARD_ROWS", 20)
    build(sources, tmp_path / "pieces")
    for name in ("candidates.parquet", "rejected.parquet"):
        whole, pieces = (pq.read_table(tmp_path / folder / name) for folder in ("whole", "pieces"))
        assert whole.equals(pieces)


def test_unreadable_input_does_not_stop_the_rest_and_is_an_error_at_the_end(tmp_path):
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "good.jsonl", record(GOOD))
    (tmp_path / "in" / "bad.jsonl").write_text('{"text": \n', encoding="utf-8")
    (tmp_path / "in" / "empty.txt").touch()
    (tmp_path / "in" / "binary.txt").write_bytes(bytes(range(256)))
    done = build([tmp_path / "in"], tmp_path / "out")
    assert done.summary.rejected == {"empty-file": 1, "binary-file": 1, "broken-record": 1}
    assert done.summary.kept == 1
    with pytest.raises(InputError, match="3 rows or files could not be read") as caught:
        check_readable(done)
    assert caught.value.where == f"{tmp_path}/in/bad.jsonl:1"


def test_a_build_without_unreadable_input_is_no_error(tmp_path):
    check_readable(build([write(tmp_path / "a.jsonl", record("短。"))], tmp_path / "out"))


def test_input_of_which_nothing_can_be_read_leaves_the_old_build(tmp_path):
    source, out = write(tmp_path / "a.jsonl", record(GOOD)), tmp_path / "out"
    build([source], out)
    with pytest.raises(InputError, match="nothing could be read: no column 'x'"):
        build([source], out, CorpusSettings(map={"text": "x"}))
    assert len(kept(out)) == 1
    assert [path.name for path in out.iterdir() if path.name.startswith(".work")] == []


def test_a_place_that_cannot_be_written(tmp_path):
    source = write(tmp_path / "a.jsonl", record(GOOD))
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        build([source], tmp_path / "file" / "out")
    assert caught.value.where == str(tmp_path / "file" / "out")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 400 KB, which only root can mount."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", place], check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"cannot mount a small file system: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_leaves_the_old_build(tmp_path, small_disk):
    out = small_disk / "out"
    build([write(tmp_path / "small.jsonl", record(GOOD))], out)
    noise = [record("".join(chr(0x4E00 + (n * k * k) % 20_000) for k in range(900)) + "。") for n in range(1, 400)]
    big = write(tmp_path / "big.jsonl", *noise)
    with pytest.raises(StorageError, match=r"(?i)no space left") as caught:
        build([big], out)
    assert "Free some space" in caught.value.remedy
    assert [row["text"] for row in kept(out)] == [GOOD]
    assert [path.name for path in out.iterdir() if path.name.startswith(".work")] == []


def test_a_read_only_disk(tmp_path, small_disk):
    source = write(tmp_path / "a.jsonl", record(GOOD))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StorageError, match="Read-only"):
        build([source], small_disk / "out")


def test_two_builds_do_not_write_into_one_folder(tmp_path):
    source, out = write(tmp_path / "a.jsonl", record(GOOD)), tmp_path / "out"
    out.mkdir()
    with FileLock(out / ".lock"):
        failures = []

        def other():
            try:
                build([source], out)
            except StorageError as error:
                failures.append(error.message)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert failures == ["another build is writing here"]


def test_what_a_killed_build_left_is_removed(tmp_path):
    out = tmp_path / "out"
    (out / ".work-old").mkdir(parents=True)
    (out / ".work-old" / "raw.parquet").touch()
    build([write(tmp_path / "a.jsonl", record(GOOD))], out)
    assert not (out / ".work-old").exists()


def test_a_killed_build_leaves_the_old_one_and_the_next_one_runs(tmp_path):
    out = tmp_path / "out"
    build([write(tmp_path / "a.jsonl", record(GOOD))], out)
    big = write(tmp_path / "big.jsonl", *[record(f"第{n}天。{OTHER}") for n in range(3000)])
    program = (
        "import sys; from pathlib import Path; from coig_writer.corpus.build import build\n"
        "build([sys.argv[1]], Path(sys.argv[2]))"
    )
    running = subprocess.Popen([sys.executable, "-c", program, big, out])
    while not list(out.glob(".work-*/raw-*")):
        assert running.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    running.kill()
    running.wait()
    assert list(out.glob(".work-*"))
    assert [row["text"] for row in kept(out)] == [GOOD]
    assert build([tmp_path / "a.jsonl"], out).unchanged
    assert build([big], out).summary.read == 3000
    assert not list(out.glob(".work-*"))


def test_a_process_has_one_runner(tmp_path):
    source = write(tmp_path / "a.jsonl", record(GOOD))
    build([source], tmp_path / "out")
    with pytest.raises(SettingError, match="native runner"):
        build([source], tmp_path / "other", ray="local")


def test_progress_is_reported(tmp_path):
    told = []
    build(
        [write(tmp_path / "a.jsonl", record(GOOD), record(OTHER))],
        tmp_path / "out",
        report=lambda *step: told.append(step),
    )
    assert ("reading", 2, None) in told
    assert ("cleaning and assessing", 2, 2) in told


def test_candidates_are_read_back_as_articles(tmp_path):
    source = write(
        tmp_path / "a.jsonl", record(GOOD, likes=3, url="https://a.example.com/1", 体裁="散文"), record(OTHER)
    )
    build([source], tmp_path / "out")
    articles = list(read_candidates(tmp_path / "out"))
    assert [article.text for article in articles] == [GOOD, OTHER]
    assert articles[0].engagement.model_dump() == {"likes": 3, "shares": None, "comments": None, "percentile": 0.5}
    assert (articles[0].genre, articles[0].genre_by, articles[1].genre_by) == ("essay", "source", None)
    assert list(read_candidates(tmp_path / "out" / "candidates.parquet")) == articles
    write_jsonl(tmp_path / "articles.jsonl", articles)
    assert list(read_candidates(tmp_path / "articles.jsonl")) == articles


@pytest.mark.parametrize("name", ["missing", "missing.parquet", "wrong.parquet", "rejected.parquet"])
def test_what_holds_no_candidates_is_an_error(tmp_path, name):
    build([write(tmp_path / "a.jsonl", record(GOOD))], tmp_path)
    (tmp_path / "wrong.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError):
        list(read_candidates(tmp_path / name))


pieces = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([json.dumps(record(text), ensure_ascii=False).encode() for text in (GOOD, OTHER, "短", ENGLISH)]),
    st.just(b'{"text": '),
)


@hypothesis_settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(pieces, max_size=5), min_size=1, max_size=3))
def test_whatever_is_read_is_kept_or_rejected(tmp_path, files):
    for number, content in enumerate(files):
        (tmp_path / f"{number}.jsonl").write_bytes(b"\n".join(content))
    sources = [tmp_path / f"{number}.jsonl" for number in range(len(files))]
    try:
        summary = build(sources, tmp_path / "out").summary
    except InputError as error:
        assert "nothing could be read" in error.message
        return
    refused = Counter(row["reason"] for row in rejected(tmp_path / "out").values())
    table = pq.read_table(tmp_path / "out" / "rejected.parquet")
    assert summary.read == summary.kept + table.num_rows
    assert summary.kept == len(kept(tmp_path / "out"))
    assert sum(summary.rejected.values()) == table.num_rows
    assert set(refused) == set(summary.rejected)


RAY_ENVIRONMENT = {**os.environ, "RAY_DEDUP_LOGS": "0", "RAY_AUTH_MODE": "disabled"}


@contextmanager
def ray_cluster():
    """A cluster of one node in processes of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", "--num-cpus", "2"]
    command += ["--node-ip-address", "127.0.0.1", "--port", str(port), "--include-dashboard", "false"]
    head = subprocess.Popen(command, env=RAY_ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert head.poll() is None, "the cluster ended"
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        head.terminate()
        head.wait(timeout=60)


@pytest.mark.ray
@pytest.mark.timeout(300)
def test_a_ray_cluster_gives_the_same_result(tmp_path):
    records = [
        record(text * (1 + n % 2), likes=n, url=f"https://a.example.com/{n}")
        for n in range(6)
        for text in (GOOD, OTHER)
    ]
    write(tmp_path / "a.jsonl", *records)
    write(tmp_path / "b.jsonl", *REASONS.values())
    program = (
        "import sys; from pathlib import Path; from coig_writer.corpus.build import build\n"
        "place = Path(sys.argv[1]); sources = [place / 'a.jsonl', place / 'b.jsonl']\n"
        "build(sources, place / sys.argv[2], ray=sys.argv[3] or None)"
    )

    def run(folder, ray):
        subprocess.run([sys.executable, "-c", program, tmp_path, folder, ray], check=True, env=RAY_ENVIRONMENT)

    run("native", "")
    run("local", "local")
    with ray_cluster() as address:
        run("address", address)
    for name in ("candidates.parquet", "rejected.parquet"):
        native, *on_ray = (pq.read_table(tmp_path / folder / name) for folder in ("native", "local", "address"))
        assert all(native.equals(table) for table in on_ray)
    assert json.loads((tmp_path / "native" / "summary.json").read_text())["kept"] > 0
