"""What a finished command tells the user to do next can be done."""

import shlex
import subprocess
import sys

import pytest

from coig_writer.files import write_jsonl
from coig_writer.schema import Article
from support.faulty_server import FaultyServer
from support.scripted_writer import write

TEXT = "第{}天夜里下了一场雨，院子里的石榴花落了一地。祖母早起，拿了竹扫帚慢慢地扫，扫到墙根，忽然停下来。"


@pytest.fixture
def articles(tmp_path):
    made = [Article.from_text(TEXT.format(number), language="zh", genre="essay") for number in range(3)]
    write_jsonl(tmp_path / "articles.jsonl", made)
    return tmp_path / "articles.jsonl"


def run(folder, words):
    done = subprocess.run(
        [sys.executable, "-m", "coig_writer", *words], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def proposed(lines):
    return shlex.split(lines[-1].partition("coig-writer ")[2])


def test_each_step_names_the_one_after_it_and_the_last_the_release(tmp_path, articles):
    with FaultyServer(answer=write) as server:
        model = f"{server.base_url}#toy"
        words = ["annotate", "screen", str(articles), "--out", "screen.jsonl", "--model", model]
        taken = []
        while words[0] == "annotate":
            taken.append(words[1])
            lines = run(tmp_path, words)
            words = proposed(lines)
    assert taken == ["screen", "analyse", "draft-prompt", "match", "draft-reasoning", "check", "score", "gate"]
    assert words[:2] == ["dataset", "build"]
    run(tmp_path, words)
    assert (tmp_path / "release" / "report.html").exists()


def test_when_none_passes_the_report_can_be_made_all_the_same(tmp_path, articles):
    def stern(body):
        return write(body).replace('"quality": 10', '"quality": 5').replace('"quality": 9', '"quality": 5')

    with FaultyServer(answer=stern) as server:
        words = ["annotate", "run", str(articles), "--out", "drafts.jsonl", "--model", f"{server.base_url}#toy"]
        lines = run(tmp_path, [*words, "--screen-quality", "0", "--gate-each", "10", "--limit", "2"])
    assert "1 more wait: the same command without --limit goes on with them." in lines
    assert lines[-1].startswith("None has passed")
    run(tmp_path, proposed(lines))
    assert (tmp_path / "release" / "report.html").exists()
