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
  /* A verdict that is not given yet is kept on this computer: a long comment outlives a lost connection, or a lease. */
  const KEPT = "studio:verdict:", LONGEST = 14 * 24 * 3600 * 1000;
  for (const name of Object.keys(localStorage).filter((each) => each.startsWith(KEPT))) {
    if (Date.now() - JSON.parse(localStorage.getItem(name)).at > LONGEST) localStorage.removeItem(name);
  }
  if (verdict) {
    const store = `${KEPT}${verdict.dataset.user}:${verdict.dataset.item}:${verdict.elements.version.value}`;
    const kept = JSON.parse(localStorage.getItem(store) || "null");
    for (const name of ["verdict", "comment", ...all("[type=radio]", verdict).map((input) => input.name)]) {
      if (kept && kept.form[name]) verdict.elements[name].value = kept.form[name];
    }
    verdict.addEventListener("input", () => {
      const form = Object.fromEntries(new FormData(verdict));
      delete form.csrfmiddlewaretoken;
      localStorage.setItem(store, JSON.stringify({ at: Date.now(), form }));
    });
  }
  if (verdict) document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !event.isComposing && !(dialog && dialog.open)) {
      event.preventDefault();
      verdict.requestSubmit();
    }
  });
})();
