import re

import pytest

from coig_writer.annotate.checks import check_parts, chinese_share, content_words, named_things, repetition
from coig_writer.annotate.settings import AnnotateSettings
from coig_writer.llm.prompts import source
from coig_writer.schema import Article

ARTICLE = Article.from_text(
    "夜里下了一场雨，院子里的石榴花落了一地。祖母早起，拿了竹扫帚慢慢地扫，扫到墙根，忽然停下来。\n\n"
    "“等它过去。”祖母说。她把扫帚立在身边，像立着一个不肯走的老伙计。",
    language="zh",
    genre="essay",
)
PROMPT = (
    "请写一篇散文，回忆雨后清晨祖母扫石榴花的一件小事：她在墙根遇到一只蜗牛，便停下来等。"
    "用孩子的眼睛看，语气平静，从雨写起，以多年后的一个习惯收尾，约二百字。"
)
REASONING = (
    "题目要的是一件小事里的耐心。我打算不去夸祖母，只写她停下来的那一刻，让读者自己觉出分量。\n\n"
    "先从雨写起，因为雨后才有落花，也才有蜗牛；石榴花是院子里常见的，比牡丹更像家里的花。"
    "中间的转折就放在墙根：孩子以为她累了，走近才看见原因。这里要用短句，不加议论。\n\n"
    "我想让家里其他人的催促从远处传来，好衬出她的不动。对话只留一句，多了就成了教训。\n\n"
    "收尾写多年后的习惯，例如雨后绕开某一块地方走，不点明思念。怕的是写得太甜，所以“爱”“怀念”这类字一概不用；"
    "也怕孩子显得太懂事，因此全篇只写看见的，不写想通的。写完一遍之后打算把形容词再删掉一半，看句子还站不站得住。"
    "平静的语气要一直撑到最后一行，约二百字的篇幅容不下第二件事，所以祖母从前的经历一句也不交代。"
    "如果读的人合上书，会想起自己家里某个等过什么的人，这件小事就算写成了。清晨的光、湿的扫帚、墙根的青苔，"
    "三样东西够了：光给时间，扫帚给动作，青苔给蜗牛一条路。孩子的眼睛离地近，先看见的应当是地上的东西，再抬头看人。"
    "语言上多用口头的说法，少用书面的连词，句子长短交错，读出声来要像在院子里慢慢走。"
)
TASK = source("draft_reasoning").splitlines()[-1]
SETTINGS = AnnotateSettings()


def rules(article=ARTICLE, prompt=PROMPT, reasoning=REASONING, settings=SETTINGS):
    findings, _ = check_parts(article, prompt, reasoning, settings)
    return {(finding.part, finding.rule) for finding in findings}


def test_a_sound_triplet_has_no_errors():
    findings, figures = check_parts(ARTICLE, PROMPT, REASONING, SETTINGS)
    assert [finding for finding in findings if finding.severity == "error"] == []
    assert figures["reasoning_longest_quote"] <= 12
    assert figures["reasoning_length"] == len(REASONING)
    assert figures["reasoning_response"] > 0.5


def test_a_quotation_is_shown_with_its_span():
    prompt = PROMPT + "写她把扫帚立在身边，像立着一个不肯走的老伙计。"
    findings, figures = check_parts(ARTICLE, prompt, REASONING, SETTINGS)
    quoted = [finding for finding in findings if finding.rule == "quoted-span"]
    assert [finding.span for finding in quoted] == ["她把扫帚立在身边，像立着一个不肯走的老伙计"]
    assert figures["prompt_longest_quote"] == 20


def test_named_things_that_the_article_lacks_are_listed():
    prompt = PROMPT + "写到《背影》，也写到北京的陈建国和 Charlie。"
    findings, _ = check_parts(ARTICLE, prompt, REASONING, SETTINGS)
    invented = {finding.span for finding in findings if finding.rule == "not-in-article"}
    assert {"背影", "北京", "陈建国", "Charlie"} <= invented
    assert "祖母" not in invented


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"reasoning": REASONING[:200]}, ("reasoning", "length")),
        ({"prompt": "写散文。"}, ("prompt", "length")),
        ({"reasoning": "我打算写院子里的雨和花，也写人。" * 40}, ("reasoning", "repetition")),
        ({"reasoning": "I plan to write about the rain in the yard. " * 12}, ("reasoning", "language")),
        ({"reasoning": REASONING[:250] + ARTICLE.text}, ("reasoning", "overlap")),
        ({"reasoning": REASONING.replace("题目要的是", "本文通过细节表现")}, ("reasoning", "past-tense")),
        ({"reasoning": REASONING + TASK}, ("reasoning", "task-echo")),
        ({"reasoning": REASONING + "希望这对你有帮助！"}, ("reasoning", "chat-talk")),
        ({"prompt": PROMPT + "如果您有任何疑问，请随时告诉我。"}, ("prompt", "chat-talk")),
        ({"prompt": "请写一则推介高山滑雪场开业优惠与缆车索道安全须知的公告，列出票价、班车、教练和医疗站，约五百字。"},
         ("reasoning", "unmet-requirements")),
    ],
)  # fmt: skip
def test_each_fault_is_found(change, expected):
    assert expected not in rules()
    assert expected in rules(**change)


def test_length_follows_the_published_range_of_the_category():
    funny = ARTICLE.model_copy(update={"genre": "funny_subculture"})
    short = REASONING[:300]
    assert ("reasoning", "length") in rules(reasoning=short)
    assert ("reasoning", "length") not in rules(article=funny, reasoning=short)


def test_going_round_in_circles_in_other_words_is_repetition():
    rounds = "我需要知道我要写什么，如果需要写，我会说理由，比如我可能要写{}，如果要写{}，我会问要写什么{}。"
    reasoning = "".join(rounds.format(one, two, one) for one, two in zip("春夏秋冬风雨", "山河湖海天地", strict=True))
    bare = re.sub("[，。]", "", reasoning)
    assert repetition(bare, 4) > SETTINGS.most_repetition
    assert ("reasoning", "repetition") in rules(reasoning=reasoning)


def test_an_english_part_is_not_held_to_runs_of_four_letters():
    article = Article.from_text(
        "The rain fell on the yard all night, and in the morning nobody swept it.", language="en"
    )
    reasoning = (
        "I want the reader to stand in the yard before anyone explains it. The broom comes first, then the hand that "
        "holds it, and only later the reason why the hand has stopped. Nothing in the telling should sound like a "
        "lesson; the child sees the stopping and takes it home. I will end years afterwards with a habit that "
        "the narrator never accounts for, because the habit is the memory and the telling would spoil the thing."
    )
    bare = re.sub(r"[\W_]", "", reasoning)
    _, figures = check_parts(article, "Write about the yard after rain.", reasoning, SETTINGS)
    assert figures["reasoning_repetition"] == round(repetition(bare, 8), 4) < round(repetition(bare, 4), 4)


def test_small_measures():
    assert repetition("春夏秋冬", 4) == 0
    assert repetition("春江潮水连海平月" * 3, 4) == pytest.approx(1 - 8 / 21)
    assert chinese_share("雨 rain") == pytest.approx(1 / 5)
    assert chinese_share("123，") == 1
    assert named_things("他读《故事会》和“老地方”") == ["故事会", "老地方"]
    assert "祖母" in content_words("文章要写祖母扫地")
    assert "文章" not in content_words("文章要写祖母扫地")


def test_a_chinese_article_needs_no_label_to_be_known():
    unlabelled = ARTICLE.model_copy(update={"language": None})
    english = "I plan to write about the rain in the yard. " * 12
    assert ("reasoning", "language") in rules(article=unlabelled, reasoning=english)
    assert ("prompt", "language") not in rules(article=unlabelled)
