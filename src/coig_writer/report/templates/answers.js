// One query at a time, what passes the sieve; arrows turn the page. Without this script all queries stand below each other.
(() => {
  const sheets = [...document.querySelectorAll(".sheet")];
  const sieve = document.getElementById("sieve");
  const place = document.getElementById("place");
  const [back, on, none] = ["back", "on", "none"].map((id) => document.getElementById(id));
  let kept = sheets;
  let at = 0;

  const passes = (answer, models, flag, length) => {
    const flags = answer.dataset.flags;
    if (!models.has(answer.dataset.model) || Number(answer.dataset.length) < length) return false;
    return flag === "" || (flag === "odd" ? flags !== "" : flags.split(" ").includes(flag));
  };

  const show = () => {
    for (const sheet of sheets) sheet.hidden = sheet !== kept[at];
    place.textContent = kept.length ? `${at + 1} / ${kept.length}` : "0";
    back.disabled = at === 0;
    on.disabled = at >= kept.length - 1;
    none.hidden = kept.length > 0;
    if (kept[at]) history.replaceState(null, "", `#${kept[at].id}`);
  };

  const sift = () => {
    const genre = document.getElementById("by-genre").value;
    const flag = document.getElementById("by-flag").value;
    const length = Number(document.getElementById("by-length").value) || 0;
    const models = new Set([...sieve.querySelectorAll("[name=model]:checked")].map((box) => box.value));
    const before = kept[at];
    kept = sheets.filter((sheet) => {
      const answers = [...sheet.querySelectorAll(".answer")];
      for (const answer of answers) answer.hidden = !models.has(answer.dataset.model);
      return (genre === "" || sheet.dataset.genre === genre) && answers.some((a) => passes(a, models, flag, length));
    });
    at = Math.max(0, kept.indexOf(before));
    show();
  };

  const turn = (step) => {
    const next = at + step;
    if (next < 0 || next >= kept.length) return;
    at = next;
    show();
    scrollTo(0, 0);
  };

  sieve.addEventListener("input", sift);
  sieve.addEventListener("submit", (event) => event.preventDefault());
  back.addEventListener("click", () => turn(-1));
  on.addEventListener("click", () => turn(1));
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowLeft") turn(-1);
    else if (event.key === "ArrowRight") turn(1);
  });
  at = Math.max(0, sheets.findIndex((sheet) => `#${sheet.id}` === location.hash));
  show();
  addEventListener("load", () => scrollTo(0, 0)); // the address names a sheet, and its bar stands above it
})();
