import os
from pathlib import Path

import pytest
from corpus_texts import GOOD, OTHER

from coig_writer.corpus.inventory import take_inventory
from coig_writer.errors import InputError


def text(path: Path, content: str = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def test_files_have_names_from_the_source_on_and_paths_that_every_process_finds(tmp_path, monkeypatch):
    text(tmp_path / "in" / "sub" / "a.txt")
    text(tmp_path / "b.txt", OTHER)
    monkeypatch.chdir(tmp_path / "in")
    for sources in ([tmp_path / "in", tmp_path / "b.txt"], [".", "../b.txt"], ["../in/", "../in/../b.txt"]):
        inventory = take_inventory(sources)
        assert [file.name for file in inventory.files] == ["in/sub/a.txt", "b.txt"]
        assert all(os.path.isabs(file.path) and os.path.exists(file.path) for file in inventory.files)


def test_sources_of_one_name_are_told_apart_by_the_folders_before(tmp_path):
    for folder in ("x/p/texts", "y/p/texts", "z/q"):
        text(tmp_path / folder / "a.txt")
    sources = [tmp_path / "x/p/texts", tmp_path / "y/p/texts", tmp_path / "z/q"]
    assert [file.name for file in take_inventory(sources).files] == [
        "x/p/texts/a.txt",
        "y/p/texts/a.txt",
        "q/a.txt",
    ]
    twice = take_inventory([tmp_path / "z/q", f"{tmp_path}/z/q", f"{tmp_path}/x/../z/q", f"{tmp_path}/z/../z/q/a.txt"])
    assert [file.name for file in twice.files] == ["q/a.txt"]


def test_the_place_of_a_row_is_found_again(tmp_path):
    for name in ("a.txt", "a.txt:1.txt"):
        text(tmp_path / "in" / name)
    inventory = take_inventory([tmp_path / "in"])
    folder = tmp_path / "in"
    for source in ("a.txt", "a.txt:3", "a.txt:1.txt", "a.txt:1.txt:3#2"):
        assert inventory.path_of(f"in/{source}") == f"{folder}/{source}"
    assert inventory.path_of("elsewhere:1") == "elsewhere:1"


@pytest.mark.parametrize("sources", [["in"], ["in", "in/a.txt"], ["in/a.txt", "in"]])
def test_the_output_folder_is_not_read(tmp_path, monkeypatch, sources):
    text(tmp_path / "in" / "a.txt")
    text(tmp_path / "in" / "made" / "out" / "candidates.txt")
    monkeypatch.chdir(tmp_path)
    inventory = take_inventory(sources, tmp_path / "in" / "made" / "out")
    assert [Path(file.path).name for file in inventory.files] == ["a.txt"]
    assert inventory.passed_over == ["in/made/out/"]
    assert len(take_inventory(sources, "in/not yet made").files) == 2


def test_the_output_folder_cannot_be_the_source(tmp_path):
    text(tmp_path / "a.txt")
    with pytest.raises(InputError, match="results would lie among the texts") as caught:
        take_inventory([tmp_path], tmp_path)
    assert "--out" in caught.value.remedy


def test_hidden_and_linked_folders_and_what_is_no_file_are_listed(tmp_path):
    folder = tmp_path / "in"
    text(folder / "a.txt")
    text(folder / ".git" / "b.txt")
    text(tmp_path / "elsewhere" / "c.txt")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "linked.txt").symlink_to(tmp_path / "elsewhere" / "c.txt")
    (folder / "broken.txt").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe.txt")
    inventory = take_inventory([folder])
    assert [file.name for file in inventory.files] == ["in/a.txt", "in/broken.txt", "in/linked.txt"]
    assert inventory.passed_over == ["in/pipe.txt", "in/.git/", "in/linked/"]


@pytest.mark.parametrize("name", ["noticeboard.txt", "readme-not.txt", "licensed to write.md", "copying machines.txt"])
def test_a_text_whose_name_only_begins_like_a_notice_is_read(tmp_path, name):
    text(tmp_path / name)
    text(tmp_path / "NOTICE.txt")
    inventory = take_inventory([tmp_path])
    assert [Path(file.path).name for file in inventory.files] == [name]
    assert inventory.passed_over == [f"{tmp_path.name}/NOTICE.txt"]
