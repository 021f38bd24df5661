"""Every page is whole in Chinese and in English."""

import ast
import re
from pathlib import Path

import pytest

import coig_writer.studio as package
from coig_writer.schema import Verdict
from coig_writer.studio import words
from coig_writer.studio.workflow import Role, Status

HERE = Path(package.__file__).parent
TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
HAN = re.compile("[\u3400-\u9fff]")
SAY = re.compile(r"""{%-?\s*say\s+("[^"]*"|'[^']*')\s+("[^"]*"|'[^']*')""")
MEANT_AS_IT_IS = {
    "中文",
    "English",
    "A−",
    "A+",
    "Ctrl",
    "Enter",
    "Alt",
    "Ctrl+S",
    "Ctrl+Enter",
    "F",
    "S",
    "A",
    "C",
    "D",
    "O",
    "E",
    "jsonl",
    "csv",
    "zh",
    "en",
}


def placeholders(text):
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_all_words_of_a_template_stand_there_in_both_languages(path):
    text = path.read_text(encoding="utf-8")
    for zh, en in SAY.findall(text):
        assert not HAN.search(en), en
        assert HAN.search(zh) or not re.search("[A-Za-z]", en), zh
        assert placeholders(zh) == placeholders(en), zh
    bare = re.sub(r"{% block page %}[\w ]*{% endblock %}", "", text)
    bare = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", " ", bare, flags=re.DOTALL)
    bare = re.sub(r"<code>.*?</code>|<script.*?</script>", " ", bare, flags=re.DOTALL)
    bare = re.sub(r"<[^>]*>", " ", bare, flags=re.DOTALL)
    left = set(re.findall(r"[A-Za-z\u3400-\u9fff][\w+−]*", re.sub(r"&\w+;", " ", bare)))
    assert left <= MEANT_AS_IT_IS


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_words_in_attributes_come_in_both_languages_too(path):
    text = re.sub(r"{%.*?%}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for value in re.findall(r'(?:aria-label|title|placeholder|alt|data-[a-z]+)="([^"]*)"', text):
        assert not re.search(r"[\u3400-\u9fff]", value), value


def calls():
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ("Refusal", "pick", "Label") and len(node.args) > 1:
                    yield path.name, node


def literal(node):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value for part in node.values if isinstance(part, ast.Constant))
    return None


def test_words_in_code_are_a_pair():
    seen = 0
    for file, node in calls():
        zh, en = (literal(argument) for argument in node.args[:2])
        if zh is None or en is None:
            continue
        seen += 1
        assert HAN.search(zh), f"{file}:{node.lineno} {zh}"
        assert not HAN.search(en), f"{file}:{node.lineno} {en}"
    assert seen > 60


def test_every_code_has_a_name():
    for codes, names in ((Role, words.ROLES), (Status, words.STATUSES), (Verdict, words.VERDICTS)):
        assert set(codes) == set(names)


def test_a_page_speaks_the_language_that_was_chosen(project, person):
    user = person("annotator", "reviewer", "inspector")
    assert "我的工作" in user.client.get(f"/projects/{project.pk}/").content.decode()
    user.client.post("/language", {"language": "en", "next": f"/projects/{project.pk}/"})
    page = user.client.get(f"/projects/{project.pk}/").content.decode()
    assert "My work" in page
    assert set(HAN.findall(page)) <= set("中文")


def test_the_pre_analysis_speaks_the_language_of_the_page(project, person, starter):
    user = person("annotator")
    path = f"/projects/{project.pk}/propose"
    text = starter[20]["article"]["text"]
    loop = "江南的春天来得早，河上的船还没有解开缆绳，岸边的柳已经绿了。" * 20
    seen = []
    for language in ("zh-hans", "en"):
        user.client.post("/language", {"language": language, "next": "/"})
        for given in ({"text": "短"}, {"text": text}, {"text": text, "published": "1999-01-01"}, {"text": loop}):
            page = user.client.post(path, given).content.decode()
            found = re.search(r'<section class="assessment".*?</section>', page, re.DOTALL)[0]
            seen.append(re.sub(r"<q>.*?</q>|<[^>]*>", " ", found, flags=re.DOTALL))
    assert "至少要" in seen[0]
    assert "没有给发表日期" in seen[1]
    assert "1999-01-01" in seen[2]
    assert not any(re.search("[A-Za-z]{3}", each) for each in seen[:4]), seen[:4]
    assert not any(HAN.search(each) for each in seen[4:7]), seen[4:7]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_forms_do_not_nest(path):
    """Browsers drop a form within a form, and what comes after belongs to neither."""
    depth = 0
    for tag in re.findall(r"<form\b|</form>|{% include \"studio/_remarks.html\"", path.read_text(encoding="utf-8")):
        if tag.startswith("{%"):
            assert "<form" not in (path.parent / "_remarks.html").read_text(encoding="utf-8")
            continue
        depth += 1 if tag == "<form" else -1
        assert depth in (0, 1)
    assert depth == 0
