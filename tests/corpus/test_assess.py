import pytest
from corpus_texts import ENGLISH, GOOD, OTHER, POEM, THIRD, TRADITIONAL
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.corpus.assess import DIMENSIONS, assess
from coig_writer.corpus.clean import clean
from coig_writer.corpus.dimensions.creativity import variety
from coig_writer.corpus.dimensions.decoration import without_labels, without_moods
from coig_writer.corpus.reasons import REASONS
from coig_writer.corpus.settings import CorpusSettings

CODE = '<p class="x">正文</p><div>&nbsp;</div>'
PITCH = "限时优惠！原价三千，现价只要九百九十九元，名额有限，先到先得，立即下单再送大礼！"
CONTACT = "详情加微信 demo_0001，电话13000000001。"

REFUSED = {
    "cut-off": f"{GOOD}\n\n开春以后，他把那只挂钟拆开来看，里面什么也没有少，只是在最小的那个齿轮上，他发现",
    "cut-off, in a line with whole sentences": f"{GOOD}\n\n他拆开来看。里面什么也没有少。只是在最小的那个齿轮上",
    "cut-off, one paragraph": f"{GOOD.replace(chr(10), '')}后来街坊们都说那只钟是在",
    "cut-off, before a tag": f"{GOOD}\n\n他把钟拆开来看，里面什么也没有少。只是在最小的那个齿轮上 #修表匠#",
    "cut-off, English": ENGLISH.replace("\n", " ")
    + "\n\nThe next morning he took both of them apart. On the smallest wheel of them he found a",
    "cut-off, an emoji in it": f"{GOOD}\n\n今天去看他了💪 他把钟拆开来给我看，里面什么也没有少，只是最小的那个齿轮上",
    "cut-off, comma and emoji": f"{GOOD}\n\n他说，💪",
    "cut-off, comma": f"{GOOD}\n\n他说，",
    "to-be-continued": f"{GOOD}\n\n（未完待续）",
    "to-be-continued, serial": f"{GOOD}\n\n欲知后事如何，且听下回分解。",
    "paywall": f"{GOOD}\n\n登录后查看全部内容",
    "paywall, button": f"{GOOD}\n\n展开全文",
    "chapter-order, colon": f"第一章：停摆\n{GOOD}\n第三章：渡船\n{OTHER}\n第二章：椅子\n{THIRD}",
    "missing-head": f"，于是他又回到了巷口。\n\n{GOOD}",
    "missing-head, note": f"（接上文）{GOOD}",
    "lacunae": "□□□□□□□，紛紛紅紫簇虛簷。山光不肯饒春色，故向花間出數尖。",
    "unsegmented": "".join(f"他在第{n}天又路过那家铺子，看见门上的锁换了样子，里面的人也换了。" for n in range(60)),
    "markup": f"{CODE}\n{GOOD}\n{CODE}",
    "boilerplate": "首页 > 文学\n上一篇：旧事\n下一篇：新事\n责任编辑：小王\n版权所有\n他在河边坐了一夜，天亮才走。",
    "contents-page": "\n".join(
        f"第{name}篇{'.' * 20}{page}" for name, page in zip("甲乙丙丁戊", range(5), strict=True)
    ),
    "advertisement": f"{PITCH}{CONTACT}",
    "replacement-characters": GOOD.replace("表", "\ufffd"),
    "garbled": f"锛屾槸鐨勬锟斤拷锟斤拷{GOOD}",
    "garbled, private": GOOD[:60] + "\ue123\ue456\ue789\ue321" * 2 + GOOD[60:80] + "。",
    "repeated-run": f"{GOOD}\n\n" + "快来看快来看" * 30 + "。",
    "unpaired-punctuation": "他说：“走。她说：“不。他又说：“好。她笑了：“嗯。他们都说：“天黑了。我也说：“是啊。",
    "no-punctuation": "天".join(chr(0x4E00 + 7 * n) for n in range(200)),
    "repeated-paragraphs": f"{GOOD}\n\n{OTHER}\n\n{GOOD}",
    "chapter-order": f"第一章 停摆\n{GOOD}\n第三章 渡船\n{OTHER}\n第二章 椅子\n{THIRD}",
    "cliches": "众所周知，随着时代的发展，时光荏苒，岁月如梭。让我们携手共进，不忘初心，砥砺前行。未来会更美好。",
    "template": "尊敬的[姓名]：您好。XX公司于____年与您签约，请于[日期]之前回复，地址是[地址]，谢谢您的支持与合作。",
    "low-variety": "".join(
        f"{who}{what}我{how}了。" for who in "你他她" for what in "说问想要" for how in "知道懂得" * 2
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_fault_is_found_with_its_place(case):
    found = assess(clean(REFUSED[case]), CorpusSettings())
    assert found.refused_by is not None
    assert found.refused_by.rule == case.partition(",")[0]
    assert found.refused_by.detail


VERSES = [
    "关东煮的格子里只剩萝卜\n店员捞起来说不算数",
    "对面的大叔睡着了抱着鱼竿\n桶里只有一截日暮",
    "屏幕上的数字慢慢变少\n伞骨折了一根也没人修补",
]
KEPT = {
    "prose": GOOD,
    "dialogue": OTHER,
    "traditional": TRADITIONAL,
    "classical verse": POEM,
    "couplet": "上联：补网补天，一线牵来半江月\n下联：修钟修己，两针走过四十年",
    "slogan": "慢一点，家还在原处",
    "free verse": "停电的时候\n楼还给我们声音\n一只碗\n被另一只碗\n轻轻放下",
    "a song with a refrain": "\n".join(
        [f"{line}\n末班车还没有来\n站台只剩下我\n你说过的那句话\n风替我又说了一遍" for line in VERSES]
    ),
    "script": "甲：你来了？\n乙：来了。\n甲：坐。\n乙：不坐，站着说。\n（灯暗）",
    "script with an editor": "\n".join(f"编辑：第{n}稿呢？\n作者：还在路上，走到第{n}座桥。" for n in "一二三四"),
    "a farewell": f"{GOOD}\n\n好了，今天的故事就讲到这里，我们下期再见！",
    "signature": f"{GOOD}\n\n陶阿大\n二〇二四年三月于巷口",
    "the end": f"{GOOD}\n\n（全文完）",
    "tags": f"{GOOD} #巷口 #修表匠",
    "ellipsis": GOOD.removesuffix("。") + "……",
    "speech over paragraphs": "他慢慢地讲：\n“第一年没有雨。\n“第二年没有雨。\n“第三年，雨来了。”\n没有人再问。",
    "laughter": f"{GOOD}\n\n他大笑：“哈哈哈哈哈哈哈哈哈哈哈哈！”",
    "advertising copy": "一针一线，补你走过的路。桥洞左手第二家。限时优惠：今天笑一笑，鞋带送你。",
    "a paywall in a story": OTHER + "\n\n后来他的故事进了付费栏目，他读不到，就请人念，念到一半睡着了。",
    "pinyin": "床前（chuáng qián）的月光（yuè guāng），他教了三遍，孩子只记住一个“光”字，觉得够亮了。",
    "temperature": "水在100°C沸腾，可山上不到95°C就开了。他说茶不等人，也不等水，只等你坐下来。",
    "english": ENGLISH,
    "a numbered list": "出门之前，请把这些事做完：\n"
    + "\n".join(f"{n}）{what}，再看一眼窗外的天。" for n, what in enumerate("花猫窗电伞门", 1)),
    "a numbered list in one paragraph": "清单：1）浇花；2）喂猫；3）关窗；4）断电；5）带伞；6）锁门。做完了，看看天。",
    "English apostrophes": "歌里唱：It’s late, I’m here, you’re gone, don’t cry, can’t go, the dogs’ bark. 他听了。",
    "a diary of lessons": f"第一节课老师没有来。\n第四节课我们去操场捡叶子。\n第二节课的作业没有写完。\n{OTHER}",
    "a diary of snow": f"第三场雪落下来的时候他来了。\n第一场雨他没有走。\n第三回见他是秋天。\n第二回在冬天。\n{OTHER}",
}  # fmt: skip

POST = "周末带娃去了海边，风大浪也大，孩子却玩疯了。回来的路上他睡着了，手里还攥着一只贝壳。{}"
ENDS_OF_POSTS = [
    "喜欢的朋友也快去吧！💪", "愿你我都好。❤️", "今天就到这里啦。哈哈哈", "下次见！(^_^)v", "真好。🎉🎉 #旅行#",
    "\n🎉🎉 #旅行#", "🎉🎉 #旅行#", "明天又是元气满满的一天💪", "下次还来呀～💕", "回家！👨‍👩‍👧🏽",
    "累并快乐着T_T", "开心到飞起ヾ(≧▽≦*)o",
    "晚安。2333", "谢谢大家！@小明 @海边客栈", "下次见 😊", "就这样吧。下次见",
    "攻略在这里。https://example.com/a?b=1", "真的绝了。嘻嘻嘻~",
    "满分！⭐⭐⭐⭐⭐", "❤️❤️❤️❤️❤️❤️❤️❤️", "愿大家都好。🙏🏻\n\n#周末 去哪儿# #海边",
]  # fmt: skip


@pytest.mark.parametrize("end", ENDS_OF_POSTS)
@pytest.mark.parametrize("start", [POST, f"{OTHER}\n\n{POST}", f"{OTHER}\n\n"])
def test_posts_may_end_in_decoration(start, end):
    found = assess(clean(start.replace("{}", "") + end), CorpusSettings())
    assert found.refused_by is None, found.refused_by


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("好的(^_^)v💪哈哈哈 ~", "好的"),
        ("他说□□", "他说□□"),
        ("the other two", "the other two"),
        ("共三人（见第二章）", "共三人（见第二章）"),
        ("水温30°", "水温30°"),
        ("💪🎉", ""),
        ("好的" + "哈哈💪" * 30, "好的"),
        ("一" * 5000 + "。" + "哈哈💪" * 30, "一" * 5000 + "。"),
    ],
)
def test_only_decoration_is_taken_off_a_line(line, words):
    assert without_moods(line) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [("好 #巷口 #修表匠", "好"), ("走到3#楼门口", "走到3#楼门口"), ("写信给a@b.com", "写信给a@b.com")],
)
def test_only_labels_are_taken_off_a_line(line, words):
    assert without_labels(line) == words


@pytest.mark.parametrize("case", KEPT)
def test_what_is_only_unusual_is_kept(case):
    found = assess(clean(KEPT[case]), CorpusSettings())
    assert found.refused_by is None, found.refused_by


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_thresholds_are_settings(dimension):
    strict = CorpusSettings(**{f"min_{dimension}": 1.0})
    lenient = CorpusSettings(**{f"min_{name}": 0.0 for name in DIMENSIONS})
    refused = [text for text in REFUSED.values() if assess(clean(text), strict).refused_by]
    assert len(refused) == len(REFUSED)
    assert not any(assess(clean(text), lenient).refused_by for text in REFUSED.values())


def test_advertising_may_advertise_where_the_source_says_so():
    pitch = clean(f"{PITCH}电话13000000001。")
    assert assess(pitch, CorpusSettings()).refused_by.rule == "advertisement"
    assert assess(pitch, CorpusSettings(), genre="advertising_copy").refused_by is None
    assert assess(clean(f"{PITCH}{CONTACT}"), CorpusSettings(), genre="advertising_copy").refused_by is not None


def test_a_note_about_the_encoding_is_evidence():
    found = assess(GOOD, CorpusSettings(), notes=["read as gb18030, its file is utf-8"])
    assert found.scores["errors"] < 1
    assert found.refused_by is None


def test_variety_does_not_depend_on_length():
    assert variety(GOOD) > 0.8
    assert abs(variety(GOOD * 40) - variety(GOOD * 4)) < 0.05
    assert variety("好" * 500) < 0.01


@given(
    st.text(
        st.sampled_from("第一二三章节“”（）。，、！？□\ufffd哈他说\n <p>&nbsp;[x]XX公司限时优惠微信13000000001……锛"),
        max_size=300,
    )
)
def test_scores_are_shares_and_rules_are_known(text):
    found = assess(clean(text), CorpusSettings())
    assert set(found.scores) == set(DIMENSIONS)
    assert all(0 <= score <= 1 for score in found.scores.values())
    for findings in found.findings.values():
        assert all(finding.rule in REASONS and finding.penalty > 0 for finding in findings)
    assert (found.refused_by is not None) == any(score < 0.5 for score in found.scores.values())
