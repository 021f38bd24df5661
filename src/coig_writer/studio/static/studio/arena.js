/* Judging answers: keys, dragging, choices kept as they are made, time in view and depth of reading. */
"use strict";
(() => {
  const { all, one, typing } = window.studio;
  const form = one("#sheet"), state = one("#state"), kept = one("#kept"), submit = one("#hand-in");
  const answers = all(".answer", form), done = Boolean(form.dataset.done), ties = Boolean(form.dataset.ties);
  const groups = () => all("fieldset.score", form);
  const scaleOf = (at) => one(".scale.places", answers[at]);
  let seconds = 0, since = document.visibilityState === "visible" ? performance.now() : null;

  /* Time in view, and how far each answer was read */
  const depth = answers.map(() => 0);
  function measure() {
    answers.forEach((answer, at) => {
      const box = one(".scroll", answer);
      depth[at] = Math.max(depth[at], Math.min(1, (box.scrollTop + box.clientHeight) / Math.max(1, box.scrollHeight)));
    });
  }
  answers.forEach((answer) => one(".scroll", answer).addEventListener("scroll", measure, { passive: true }));
  const pause = () => { if (since !== null) { seconds += (performance.now() - since) / 1000; since = null; } };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") since = performance.now();
    else { pause(); if (!done) keep(true); }
  });
  function data() {
    if (since !== null) { pause(); since = performance.now(); }
    measure();
    const found = new FormData(form);
    found.set("seconds", seconds.toFixed(1));
    depth.forEach((value, at) => found.set(`depth-${at}`, value.toFixed(3)));
    return found;
  }

  /* What is chosen */
  function draw() {
    const wanted = groups().length, given = all(".scale input:checked", form).length;
    for (const slot of all(".slots li", form)) {
      const here = answers.filter((_, at) => {
        const chosen = one("input:checked", scaleOf(at));
        return chosen && chosen.value === slot.dataset.place;
      });
      one("b", slot).textContent = here.map((answer) => one("h2", answer).dataset.letter).join(" ") || "·";
    }
    const words = state.dataset;
    state.textContent = done ? words.done : given === 0 ? words.none : given < wanted ? words.some.replace("{n}", wanted - given) : words.all;
    if (submit) submit.disabled = given < wanted;
  }
  function place(at, number) {
    const radio = one(`input[value="${number}"]`, scaleOf(at));
    if (!radio || done) return;
    radio.checked = true;
    settle(radio);
  }
  function settle(radio) {
    if (!ties && radio.closest(".places")) {
      for (const other of all(`.places input[value="${radio.value}"]`, form)) if (other !== radio) other.checked = false;
    }
    draw();
    keep();
  }
  let waiting = null;
  function keep(now = false) {
    if (done) return;
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const sent = data();
      try {
        const answer = await fetch(form.dataset.choose, { method: "POST", body: sent, headers: { Accept: "application/json" }, keepalive: true });
        if (answer.ok) { seconds -= Number(sent.get("seconds")); kept.textContent = kept.dataset.kept; }
        else kept.textContent = (await answer.json()).error;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        kept.textContent = kept.dataset.lost;
      }
    }, now ? 0 : 300);
  }
  form.addEventListener("change", (event) => { if (event.target.matches("input[type=radio]")) settle(event.target); });
  form.addEventListener("submit", (event) => {
    if (!submit || submit.disabled) { event.preventDefault(); return; }
    clearTimeout(waiting);
    for (const [name, value] of data()) if (/^(seconds|depth-)/.test(name)) {
      const field = document.createElement("input");
      field.type = "hidden"; field.name = name; field.value = value;
      form.append(field);
    }
  });
  form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("input")) event.preventDefault(); });

  /* Keys: a letter chooses an answer, a digit gives it its place */
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || typing(event.target) || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); if (submit && !submit.disabled) form.requestSubmit(submit); return; }
    if (event.ctrlKey || event.metaKey) return;
    const at = answers.findIndex((answer) => one("h2", answer).dataset.letter === event.key.toUpperCase());
    if (at >= 0) {
      answers.forEach((answer, each) => answer.classList.toggle("chosen", each === at));
      answers[at].scrollIntoView({ inline: "nearest", block: "nearest" });
      (one("input:checked", answers[at]) || one("input", answers[at])).focus({ preventScroll: true });
    }
  });

  /* Dragging a letter onto a place */
  all("h2[draggable=true]", form).forEach((letter) => letter.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("text/plain", letter.closest(".answer").dataset.at);
  }));
  all(".slots li", form).forEach((slot) => {
    slot.addEventListener("dragover", (event) => event.preventDefault());
    slot.addEventListener("drop", (event) => {
      event.preventDefault();
      const at = event.dataTransfer.getData("text/plain");
      if (answers[at]) place(Number(at), slot.dataset.place);
    });
  });
  draw();
})();
