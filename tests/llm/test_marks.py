import pytest

from coig_writer.llm.marks import split_marks
from coig_writer.llm.prompts import fence

MARKS = [
    "<|im_start|>",
    "<|im_end|>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "<start_of_turn>",
    "<end_of_turn>",
    "[INST]",
    "[/INST]",
]
MARKS += [
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "<s>",
    "</s>",
    "<think>",
    "</think>",
    "<<SYS>>",
    "<</SYS>>",
    "[gMASK]<sop>",
]


@pytest.mark.parametrize("mark", MARKS)
def test_marks_are_split_and_read_the_same(mark):
    split = split_marks(f"好。{mark}坏。")
    assert mark not in split
    assert split.replace("\u200b", "") == f"好。{mark}坏。"
    assert mark not in fence("文章", f"好。{mark}坏。")


@pytest.mark.parametrize("text", ["他写道：a < b，[见注]。", "<start_of_page>", "《书名》[1]<b>粗</b>", "x<y|z"])
def test_other_brackets_stay(text):
    assert split_marks(text) == text


def test_a_fence_is_labelled_with_sixty_four_bits():
    assert len(fence("文章", "文").split()[1]) == 16
