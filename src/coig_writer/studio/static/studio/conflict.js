/* The page of a conflict: what is kept on this computer is forgotten when the merge is stored, or left on purpose. */
"use strict";
(() => {
  const form = document.querySelector("#merge");
  form.addEventListener("submit", () => sessionStorage.setItem(`studio:merging:${form.dataset.item}`, form.elements.base.value));
  document.querySelector("#leave").addEventListener("click", () => localStorage.removeItem(`studio:item:${form.dataset.user}:${form.dataset.item}`));
})();
