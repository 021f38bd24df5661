// Which answers are listed. Without this script all of them are.
(() => {
  const [model, status, doubt] = ["by-model", "by-status", "by-doubt"].map((id) => document.getElementById(id));
  document.getElementById("sieve").addEventListener("input", () => {
    for (const row of document.querySelectorAll(".judgement")) {
      const { model: whose, status: state, doubt: doubted } = row.dataset;
      row.hidden =
        (model.value !== "" && model.value !== whose) ||
        (status.value !== "" && status.value !== state) ||
        (doubt.checked && doubted !== "1");
    }
  });
})();
