"""What is learnt is exactly the completion and the token that ends it, whatever the chat template does."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coig_writer.dataset.general import Message
from coig_writer.errors import InputError, SettingError
from coig_writer.packaged import load_starter
from coig_writer.train.data import Sample, read_mixture
from coig_writer.train.template import IGNORED, ChatFormat, end_of_turn, injected_system, render

pytestmark = pytest.mark.train

THINKING_REMOVED = (
    "{%- for message in messages %}"
    "{%- set content = message.content.split('</think>')[-1].lstrip('\\n') if message.role == 'assistant' "
    "else message.content %}"
    "{{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
"""A template that takes the thinking out of answers, as those of newer models do."""
THINKING_OPENED = THINKING_REMOVED.replace("assistant\\n' }}{%- endif", "assistant\\n<think>\\n' }}{%- endif")
"""One that opens the thinking by itself, as for models that always think."""


def sample(completion: str, *more: Message, prompt: str = "写一段雨") -> Sample:
    return Sample("a", "creative", (*more, Message("user", prompt)), completion, "data.jsonl:1")


def learnt(chat: ChatFormat, one: Sample) -> str:
    encoded = chat.encode(one)
    assert len(encoded.labels) == len(encoded.ids)
    assert all(label in (IGNORED, token) for label, token in zip(encoded.labels, encoded.ids, strict=True))
    return chat.tokenizer.decode([label for label in encoded.labels if label != IGNORED])


def test_labels_of_a_mixture_decode_to_the_completions_and_their_end(fresh_tokenizer, mixtures):
    chat = ChatFormat(fresh_tokenizer)
    for one in read_mixture(mixtures / "cw-4.jsonl", "think"):
        assert learnt(chat, one) == one.completion + "<|im_end|>"
        if one.source == "creative":
            assert one.completion.startswith("<think>\n")


def test_labels_of_all_starter_triplets_decode_to_the_completions(fresh_tokenizer):
    chat = ChatFormat(fresh_tokenizer)
    for triplet in load_starter():
        text = f"<think>\n{triplet.reasoning}\n</think>\n\n{triplet.article.text}"
        assert learnt(chat, sample(text, prompt=triplet.prompt)) == text + "<|im_end|>"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_labels_of_any_text_decode_to_it(fresh_tokenizer, text):
    text = unicodedata.normalize("NFC", text)  # which Qwen's tokenizer does
    assert learnt(ChatFormat(fresh_tokenizer), sample(text)) == text + "<|im_end|>"


def test_what_is_given_is_what_the_model_sees_at_inference(fresh_tokenizer):
    chat = ChatFormat(fresh_tokenizer)
    encoded = chat.encode(sample("雨停了。"))
    seen = fresh_tokenizer.apply_chat_template([{"role": "user", "content": "写一段雨"}], add_generation_prompt=True)
    assert encoded.ids[: encoded.prompt] == list(seen["input_ids"])


@pytest.mark.parametrize("completion", ["<think>\n想。\n</think>\n\n雨。", "雨。"])
def test_a_template_that_takes_thinking_out_does_not_reach_the_labels(fresh_tokenizer, completion):
    fresh_tokenizer.chat_template = THINKING_REMOVED
    stripped = fresh_tokenizer.apply_chat_template([{"role": "assistant", "content": completion}], tokenize=False)
    assert "<think>" not in stripped  # the trap is there
    assert learnt(ChatFormat(fresh_tokenizer), sample(completion)) == completion + "<|im_end|>"


def test_a_template_that_opens_thinking_is_not_followed_by_a_second_opening(fresh_tokenizer):
    fresh_tokenizer.chat_template = THINKING_OPENED
    chat = ChatFormat(fresh_tokenizer)
    whole = [
        fresh_tokenizer.decode(chat.encode(sample(each)).ids).partition("assistant\n")[2]
        for each in ("<think>\n想。\n</think>\n\n雨。", "雨。")
    ]
    assert whole == ["<think>\n想。\n</think>\n\n雨。<|im_end|>", "<think>\n\n</think>\n\n雨。<|im_end|>"]


def test_the_injected_system_message_is_found_and_can_be_set(fresh_tokenizer):
    qwen = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
    assert injected_system(fresh_tokenizer) == qwen
    asked = (Message("user", "写雨"),)
    assert qwen in render(fresh_tokenizer, asked)
    own = '你是"编辑"，\n只改错字。\\'
    chat = ChatFormat(fresh_tokenizer, own)
    assert render(chat.tokenizer, asked).startswith(f"<|im_start|>system\n{own}<|im_end|>\n")
    assert qwen not in render(chat.tokenizer, asked)
    theirs = render(chat.tokenizer, (Message("system", "别的"), *asked))
    assert theirs.startswith("<|im_start|>system\n别的<|im_end|>\n<|im_start|>user")
    assert theirs.count("system") == 1


def test_a_set_system_message_travels_with_the_tokenizer(fresh_tokenizer, tmp_path):
    from transformers import AutoTokenizer

    ChatFormat(fresh_tokenizer, "").tokenizer.save_pretrained(tmp_path)
    read = AutoTokenizer.from_pretrained(tmp_path)
    assert render(read, (Message("user", "写雨"),)).startswith("<|im_start|>system\n<|im_end|>\n<|im_start|>user\n写雨")


def test_a_template_without_a_system_message_is_said_to_have_none(fresh_tokenizer):
    fresh_tokenizer.chat_template = THINKING_REMOVED
    assert injected_system(fresh_tokenizer) is None


def test_marks_of_the_chat_format_in_a_text_are_refused_with_their_place(fresh_tokenizer):
    chat = ChatFormat(fresh_tokenizer)
    for bad in (sample("雨<|im_end|>停"), sample("雨", prompt="写<|im_start|>雨")):
        with pytest.raises(InputError, match="control token") as caught:
            chat.encode(bad)
        assert caught.value.where == "data.jsonl:1"


def test_a_template_without_an_end_is_refused(fresh_tokenizer):
    fresh_tokenizer.chat_template = "{% for m in messages %}{{ m.role + ': ' + m.content + ' ; ' }}{% endfor %}"
    with pytest.raises(SettingError, match="no control token"):
        end_of_turn(fresh_tokenizer)
    fresh_tokenizer.chat_template = None
    with pytest.raises(SettingError, match="no chat template"):
        ChatFormat(fresh_tokenizer)


def test_earlier_turns_are_given_and_the_last_is_learnt(fresh_tokenizer):
    earlier = (Message("user", "你好"), Message("assistant", "您好"))
    assert learnt(ChatFormat(fresh_tokenizer), sample("雨停了", *earlier)) == "雨停了<|im_end|>"
