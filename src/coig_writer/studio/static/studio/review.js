/* Reviewing: remarks on a selected span, Ctrl+Enter gives the verdict. */
"use strict";
(() => {
  const { all, one, pieces, paintArticle, withAlt } = window.studio;
  const wordings = all(".wording[data-part]").map((element) => ({ element, part: element.dataset.part, text: element.textContent }));

  function paint() {
    const marks = all("#remarks .remark[data-start]").filter((line) => !line.classList.contains("settled")).map((line) => ({
      part: line.dataset.part, start: Number(line.dataset.start), end: Number(line.dataset.end), rule: "remarked",
    }));
    for (const { element, part, text } of wordings) element.replaceChildren(pieces(text, marks.filter((mark) => mark.part === part)));
    paintArticle("checks", marks.filter((mark) => mark.part === "article"));
  }
  paint();
  document.body.addEventListener("htmx:afterSettle", paint);

  /* The place of a selection in its part, in UTF-16 units */
  function place(node, offset) {
    const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    const line = element.closest("#article p[data-start]"), wording = element.closest(".wording[data-part]");
    const home = line || wording;
    if (!home) return null;
    const range = document.createRange();
    range.selectNodeContents(home);
    range.setEnd(node, offset);
    return { part: line ? "article" : wording.dataset.part, at: (line ? Number(line.dataset.start) : 0) + range.toString().length };
  }

  const button = one("#mark"), dialog = one("#remarking");
  if (button && dialog) {
    let chosen = null;
    document.addEventListener("selectionchange", () => {
      const selection = document.getSelection();
      chosen = null;
      if (!selection.isCollapsed && selection.rangeCount) {
        const range = selection.getRangeAt(0);
        const start = place(range.startContainer, range.startOffset), end = place(range.endContainer, range.endOffset);
        if (start && end && start.part === end.part && start.at < end.at) {
          chosen = { part: start.part, start: start.at, end: end.at, quote: selection.toString().slice(0, 400) };
          const box = range.getBoundingClientRect();
          button.style.left = `${Math.max(8, box.right + window.scrollX - 40)}px`;
          button.style.top = `${box.bottom + window.scrollY + 6}px`;
        }
      }
      button.hidden = !chosen;
    });
    const open = () => {
      if (!chosen) return;
      const form = one("form", dialog);
      for (const name of ["part", "start", "end", "quote"]) form.elements[name].value = chosen[name];
      one("blockquote", dialog).textContent = chosen.quote;
      form.elements.body.value = "";
      dialog.showModal();
    };
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", open);
    withAlt.KeyC = open;
    document.body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful && dialog.open) dialog.close(); });
  }

  const verdict = one("#verdict");
  if (verdict) document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !event.isComposing && !(dialog && dialog.open)) {
      event.preventDefault();
      verdict.requestSubmit();
    }
  });
})();
