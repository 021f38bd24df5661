/* What several pages share: type size, search in the article, painted spans, dialogs. */
"use strict";
window.studio = (() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);

  /* Reading comfort, kept on this computer */
  const kept = JSON.parse(localStorage.getItem("studio:reading") || "{}");
  const reading = { size: kept.size || 18, width: kept.width || 36 };
  function applyReading() {
    root.style.setProperty("--size", `${reading.size}px`);
    root.style.setProperty("--characters", reading.width);
    localStorage.setItem("studio:reading", JSON.stringify(reading));
  }
  const bounded = (value, low, high) => Math.min(high, Math.max(low, value));
  function resize(by) { reading.size = bounded(reading.size + by, 14, 28); applyReading(); }
  function widen(by) { reading.width = bounded(reading.width + 2 * by, 24, 48); applyReading(); }
  all("[data-size]").forEach((button) => button.addEventListener("click", () => resize(Number(button.dataset.size))));
  all("[data-width]").forEach((button) => button.addEventListener("click", () => widen(Number(button.dataset.width))));
  applyReading();

  /* Spans: `marks` is a list of {start, end, rule} in UTF-16 units of `text` */
  function pieces(text, marks, offset = 0) {
    const fragment = document.createDocumentFragment();
    let at = 0;
    const sorted = marks.filter((mark) => mark.end > offset && mark.start < offset + text.length)
      .sort((a, b) => a.start - b.start || b.end - a.end);
    for (const mark of sorted) {
      const start = Math.max(mark.start - offset, at), end = Math.min(mark.end - offset, text.length);
      if (end <= start) continue;
      fragment.append(text.slice(at, start));
      const element = document.createElement("mark");
      element.className = mark.rule;
      element.textContent = text.slice(start, end);
      fragment.append(element);
      at = end;
    }
    fragment.append(text.slice(at));
    return fragment;
  }

  const article = one("#article");
  const lines = article ? all("p[data-start]", article).map((element) => ({
    element, text: element.textContent, start: Number(element.dataset.start),
  })) : [];
  const painted = { checks: [], find: [] };
  function paintArticle(layer, marks) {
    painted[layer] = marks;
    const merged = [...painted.find, ...painted.checks];
    for (const line of lines) line.element.replaceChildren(pieces(line.text, merged, line.start));
  }

  const find = one("#find");
  if (find) {
    find.addEventListener("input", () => {
      const wanted = find.value.trim(), marks = [];
      if (wanted) for (const line of lines) {
        for (let at = line.text.indexOf(wanted); at >= 0; at = line.text.indexOf(wanted, at + wanted.length)) {
          marks.push({ start: line.start + at, end: line.start + at + wanted.length, rule: "find" });
        }
      }
      paintArticle("find", marks);
      one("#found").textContent = wanted ? marks.length : "";
      reached = -1;
      if (marks.length) go(1);
    });
    let reached = -1;
    function go(by) {
      const found = all("mark.find", article);
      if (!found.length) return;
      reached = (reached + by + found.length) % found.length;
      found.forEach((mark, at) => mark.classList.toggle("at", at === reached));
      found[reached].scrollIntoView({ block: "center" });
      one("#found").textContent = `${reached + 1} / ${found.length}`;
    }
    find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      go(event.shiftKey ? -1 : 1);
    });
  }

  /* Alt with a key of the keyboard: by its place, since a Mac writes other characters with it. */
  const outline = one("#outline");
  const withAlt = {
    KeyF: find && (() => find.focus()),
    KeyO: outline && (() => { outline.open = !outline.open; if (outline.open) one("a", outline).focus(); }),
    Minus: article && (() => resize(-1)), Equal: article && (() => resize(1)),
    BracketLeft: article && (() => widen(-1)), BracketRight: article && (() => widen(1)),
  };
  document.addEventListener("keydown", (event) => {
    const act = event.altKey && !event.ctrlKey && !event.metaKey && !event.isComposing && withAlt[event.code];
    if (act) { event.preventDefault(); act(); }
  });

  const typing = (target) => target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
  document.addEventListener("keydown", (event) => {
    const keys = one("#keys");
    if (keys && event.key === "?" && !event.isComposing && !typing(event.target)) { event.preventDefault(); keys.showModal(); }
  });
  all("[data-open]").forEach((button) => button.addEventListener("click", () => one(`#${button.dataset.open}`).showModal()));
  all("[data-close]").forEach((button) => button.addEventListener("click", () => button.closest("dialog").close()));
  all("[data-copy]").forEach((button) => button.addEventListener("click", () => {
    const field = button.parentElement.querySelector("input");
    field.select();
    navigator.clipboard.writeText(field.value).then(() => { button.textContent = "✓"; });
  }));

  /* A digit scores while a scale has the focus; Enter on a scale never submits. */
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const scale = event.target.closest && event.target.closest(".scale");
    if (scale && /^[0-9]$/.test(event.key)) {
      const wanted = event.key === "0" ? "10" : event.key;
      const radio = all("input", scale).find((input) => input.value === wanted);
      if (radio) { radio.checked = true; radio.focus(); radio.dispatchEvent(new Event("change", { bubbles: true })); }
    }
  });

  return { all, one, pieces, paintArticle, lines, article, typing, withAlt };
})();
