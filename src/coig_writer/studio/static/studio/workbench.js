/* The workbench: live checks, autosave that survives a lost connection, three steps, keys. */
"use strict";
(() => {
  const { all, one, pieces, paintArticle, withAlt } = window.studio;
  const form = one("#work"), saved = one("#saved"), checks = one("#checks");
  const base = form.elements.base;
  const store = `studio:item:${form.dataset.user}:${form.dataset.item}`;
  const merging = `studio:merging:${form.dataset.item}`;
  const place = `studio:step:${form.dataset.item}`;  // while this window is open, so that a change of language keeps it
  const EVERY = 4000, PAUSE = 700;
  let sent = null, dirty = false, busy = false, leaving = false, key = null, marks = [];

  /* What is written */
  const content = () => {
    const data = new FormData(form), found = {};
    for (const [name, value] of data) if (!["csrfmiddlewaretoken", "base", "key"].includes(name)) found[name] = value;
    return found;
  };
  const asText = () => JSON.stringify(content());
  const newKey = () => crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2) + Date.now();
  function put(found) {
    for (const [name, value] of Object.entries(found)) if (form.elements[name]) form.elements[name].value = value;
    draw();
  }

  /* Steps */
  const tabs = all("[role=tab]", form);
  function step(number, focus = true) {
    tabs.forEach((tab, at) => {
      const chosen = at === number;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      one(`#${tab.getAttribute("aria-controls")}`).hidden = !chosen;
    });
    sessionStorage.setItem(place, number);
    if (focus) (one("textarea, input", one(`#step-${number + 1}`)) || tabs[number]).focus();
  }
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => step(at));
    tab.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (move) { const to = (at + move + tabs.length) % tabs.length; step(to, false); tabs[to].focus(); }
    });
  });

  /* Drawing */
  const editors = all(".editor", form).map((element) => ({
    part: one("textarea", element).name, area: one("textarea", element), mirror: one(".mirror", element),
  }));
  function draw() {
    for (const { part, area, mirror } of editors) {
      mirror.replaceChildren(pieces(area.value, marks.filter((mark) => mark.part === part)), "\u200b");
      const length = [...area.value].length;
      one(`[data-count=${part}]`).textContent = length.toLocaleString();
      const meter = one(`[data-meter=${part}]`);
      if (meter) meter.value = length;
    }
    const sum = one("#sum"), scores = all("[data-score]", form).map((scale) => {
      const checked = one("input:checked", scale), value = checked ? Number(checked.value) : 0;
      const band = value && all(".bands li", form).find((line) => Number(line.dataset.from) <= value);
      one(".band", scale).textContent = band ? band.textContent : "";
      return value;
    });
    const total = scores.reduce((a, b) => a + b, 0), whole = scores.every(Boolean);
    const passes = whole && total >= Number(sum.dataset.sum) && Math.min(...scores) >= Number(sum.dataset.each);
    sum.className = whole ? (passes ? "pass" : "fail") : "quiet";
    sum.textContent = `Σ ${total} · ${whole ? (passes ? `✓ ${sum.dataset.pass}` : `✗ ${sum.dataset.fail}`) : sum.dataset.unset}`;
    const lacks = missing();
    const submit = one("#submit");
    submit.disabled = lacks.length > 0;
    submit.title = lacks.length ? submit.dataset.lacks + lacks.join("、") : "";
  }
  function missing() {
    const found = editors.filter(({ area }) => !area.value.trim()).map(({ area }) => area.getAttribute("aria-label"));
    for (const scale of all("fieldset", form)) if (!one("input:checked", scale)) found.push(one("legend", scale).textContent);
    return found;
  }
  function say(words, bad = false) { saved.textContent = words; saved.classList.toggle("bad", bad); }

  /* Kept on this computer until the server has it */
  function keep() { localStorage.setItem(store, JSON.stringify({ content: content(), base: Number(base.value) })); }

  function kept() { return JSON.parse(localStorage.getItem(store) || "null"); }
  /* Only what the server has now: another window may keep something of its own. */
  function forget(text) { const lost = kept(); if (lost && JSON.stringify(lost.content) === text) localStorage.removeItem(store); }

  let saving = Promise.resolve();
  /* Resolves when the save that is under way has ended; what was typed since is still `dirty` then. */
  function save(last = false) {
    if (!busy || last) saving = send(last);
    return saving;
  }

  async function send(last) {
    const now = asText();
    if (now === sent) { dirty = false; return; }
    busy = true;
    key = key || newKey();
    const data = new FormData(form);
    data.set("key", key);
    try {
      const answer = await fetch(form.dataset.save, {
        method: "POST", body: data, keepalive: last, headers: { Accept: "application/json" }, credentials: "same-origin",
      });
      if (answer.redirected) { keep(); say(saved.dataset.out, true); return; }  // to the page where one signs in
      const told = await answer.json();
      if (answer.status === 409 && told.conflict) return showConflict();
      if (!answer.ok) { say(saved.dataset.refused + told.error, true); return; }
      sent = now; base.value = told.version; key = null;
      for (const [part, share] of Object.entries(told.shares)) {
        const output = one(`[data-share=${part}]`);
        if (output) output.textContent = `${Math.round(share * 100)} %`;
      }
      dirty = asText() !== sent;
      if (!dirty) { forget(now); say(saved.dataset.saved.replace("{v}", told.version).replace("{t}", told.at)); }
      else keep();
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error;
      keep();
      say(saved.dataset.offline, true);  // tried again as long as it is dirty
    } finally { busy = false; }
  }

  /* Somebody else saved in between: the server's page shows both and a merge. Until that is saved it stays kept here. */
  function showConflict() {
    leaving = true;
    keep();
    form.action = form.dataset.save;
    HTMLFormElement.prototype.submit.call(form);  // the button named submit hides the method
  }

  function changed() {
    key = null;
    dirty = asText() !== sent;
    keep();  // also when it is as it was: else a letter that was typed and taken back would come again
    if (dirty) say(saved.dataset.unsaved);
    draw();
  }
  let checking = 0, pause = null;
  function checkSoon() { clearTimeout(pause); pause = setTimeout(check, PAUSE); }
  async function check() {
    const turn = ++checking;
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected || turn !== checking) return;
      const told = await answer.json();
      checks.innerHTML = told.html;  // from this server's template, which escapes
      marks = told.marks;
      paintArticle("checks", marks.filter((mark) => mark.part === "article"));
      draw();
    } catch (error) { if (!(error instanceof TypeError)) throw error; }  // no connection: the last findings stay
  }

  /* What was kept when the connection or the page was lost */
  function restore() {
    sent = asText();
    const lost = kept(), merged = sessionStorage.getItem(merging);
    sessionStorage.removeItem(merging);
    if (!lost) return;
    if (merged && Number(form.dataset.version) > Number(merged)) { localStorage.removeItem(store); return; }
    put(lost.content);
    if (asText() === sent) { localStorage.removeItem(store); return; }
    base.value = lost.base;
    changed();
    save();
  }

  form.addEventListener("input", () => { changed(); checkSoon(); });
  form.addEventListener("change", changed);
  one("#save").addEventListener("click", () => save());
  form.addEventListener("submit", (event) => {
    if (missing().length || leaving) { event.preventDefault(); return; }
    if (dirty || busy || !navigator.onLine) { event.preventDefault(); saveAndSubmit(); return; }
    form.elements.key.value = newKey();
    leaving = true;
    sessionStorage.removeItem(place);
  });
  /* What is typed is stored before the page is left, so that a connection lost in this moment loses nothing. */
  async function saveAndSubmit() {
    await save();
    if (dirty) await save();
    if (leaving || dirty) return;
    if (navigator.onLine) form.requestSubmit(one("#submit"));
    else say(saved.dataset.offline, true);
  }
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target.matches("input")) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      if (missing().length) { step(2); say(one("#submit").dataset.lacks + missing().join("、"), true); }
      else if (!leaving) form.requestSubmit(one("#submit"));
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); save(); }
  });
  const ask = (button) => { if (button && !button.disabled) button.click(); };
  for (const number of [1, 2, 3]) withAlt[`Digit${number}`] = () => step(number - 1);
  withAlt.KeyD = () => ask(one("[role=tabpanel]:not([hidden]) [data-ask]", form));
  withAlt.KeyA = () => ask(one(".left [data-ask]"));
  checks.addEventListener("click", (event) => {
    const line = event.target.closest("[data-span]");
    if (!line) return;
    const { area } = editors.find(({ part }) => part === line.dataset.in) || {};
    const at = area ? area.value.indexOf(line.dataset.span) : -1;
    if (at < 0) return;
    step(line.dataset.in === "prompt" ? 0 : 1);
    area.setSelectionRange(at, at + line.dataset.span.length);
  });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && dirty && !leaving) save(true); });
  window.addEventListener("pagehide", () => { if (dirty && !leaving) save(true); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });  // back from elsewhere
  window.addEventListener("online", () => { if (dirty) save(); });
  setInterval(() => { if (dirty && !leaving) save(); }, EVERY);

  /* Drafts by the model stream in beside the editor; the person decides what goes into it. */
  async function* events(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const blocks = (rest + chunk.value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) yield JSON.parse(block.replace(/^data: /, ""));
    }
  }
  all("[data-ask]").forEach((button) => button.addEventListener("click", async () => {
    const panel = button.closest(".machine"), told = one("[role=status]", panel), wording = one(".wording", panel);
    button.disabled = true;
    told.textContent = button.dataset.busy;
    one("details", panel).open = true;
    panel.classList.add("writing");
    try {
      const answer = await fetch(button.dataset.ask, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      if (!answer.ok) told.textContent = (await answer.json()).error;
      else for await (const message of events(answer)) {
        if (message.text) wording.textContent = message.text;
        if (message.done) { wording.textContent = message.done; told.textContent = ""; button.textContent = button.dataset.again; }
        if (message.error) told.textContent = message.error;
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      told.textContent = saved.dataset.offline;
    } finally { button.disabled = false; panel.classList.remove("writing"); }
  }));
  all("[data-take]").forEach((button) => button.addEventListener("click", () => {
    const { area } = editors.find(({ part }) => part === button.dataset.take);
    area.focus();
    area.select();
    // Through the editing commands, so that Ctrl+Z takes it back.
    const text = one(".wording", button.closest(".machine")).textContent;
    if (!document.execCommand("insertText", false, text)) { area.value = text; changed(); checkSoon(); }
  }));

  step(Number(sessionStorage.getItem(place) || 0), false);
  restore();
  draw();
  check();
})();
