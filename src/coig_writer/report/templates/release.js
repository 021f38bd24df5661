// The page's two switches and its copy buttons. Without this script the page reads in Chinese.
"use strict";
(() => {
  const root = document.documentElement;
  const store = {
    get(name) {
      try { return localStorage.getItem(`coig-writer.${name}`); } catch { return null; } // storage may be forbidden
    },
    set(name, value) {
      try { localStorage.setItem(`coig-writer.${name}`, value); } catch { return; }
    },
  };
  const press = (name, value) => {
    for (const button of document.querySelectorAll(`[data-${name}-to]`)) {
      button.setAttribute("aria-pressed", String(button.dataset[`${name}To`] === value));
    }
  };
  const speak = (language) => {
    root.lang = language;
    press("lang", language);
  };
  const light = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    press("theme", theme);
  };

  root.classList.add("scripted");
  const preferred = navigator.language.toLowerCase().startsWith("zh") ? "zh-Hans" : "en";
  const known = (value, values, other) => (values.includes(value) ? value : other);
  speak(known(store.get("lang"), ["zh-Hans", "en"], preferred));
  light(known(store.get("theme"), ["auto", "light", "dark"], "auto"));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.langTo) {
      speak(button.dataset.langTo);
      store.set("lang", button.dataset.langTo);
    } else if (button.dataset.themeTo) {
      light(button.dataset.themeTo);
      store.set("theme", button.dataset.themeTo);
    } else if (button.dataset.copy) {
      copy(button);
    }
  });

  // Cells as a spreadsheet takes them: one line each, and no text that it would run as a formula.
  const cell = (element) => {
    const text = element.innerText.replace(/\s+/g, " ").trim();
    const number = /^[-+]?[\d,.]+( ?%)?$/.test(text);
    return !number && /^[=+\-@]/.test(text) ? `'${text}` : text;
  };
  const rows = (table) => [...table.rows].map((row) => [...row.cells].map(cell).join("\t")).join("\n");

  async function copy(button) {
    const text = rows(document.getElementById(button.dataset.copy));
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyBySelection(text);
    }
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 2000);
  }

  function copyBySelection(text) {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
})();
