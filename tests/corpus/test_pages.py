from corpus_texts import GOOD

from coig_writer.corpus.pages import row_from_page

BODY = "".join(f"<p>{line}</p>" for line in GOOD.splitlines() if line)
PAGE = f"""<!DOCTYPE html><html lang="zh"><head><title>停摆_小城故事网</title>
<meta name="author" content="阿陶"><meta property="article:published_time" content="2024-01-28T07:30:00+08:00">
<link rel="canonical" href="https://blog.example.com/2024/01/28/clock.html"><link rel="license" href="https://example.org/by">
</head><body><nav><a href="/">首页</a> <a href="/x">目录</a></nav><article><h1>停摆</h1>{BODY}</article>
<footer>版权所有 <a href="/next">下一篇</a></footer></body></html>"""


def test_a_page_gives_its_text_and_what_it_says_of_it():
    row = row_from_page(PAGE, "a.html")
    assert row.text.split() == GOOD.split()
    assert (row.title, row.author, row.licence) == ("停摆", "阿陶", "https://example.org/by")
    assert row.url == "https://blog.example.com/2024/01/28/clock.html"
    assert [(stamp.origin, stamp.value) for stamp in row.stamps] == [("page", "2024-01-28")]


def test_a_page_without_main_text_says_so():
    row = row_from_page("<html><head><title>空</title></head><body><script>var a = 1</script></body></html>", "a.html")
    assert (row.problem, row.detail) == ("no-text", "no main text found in the page")


def test_what_is_no_page_says_so():
    assert row_from_page("", "a.html").problem == "no-text"
