// Works without: the contents stay open, tables are whole and the code stays hidden.
(() => {
  const contents = document.getElementById("contents");
  if (window.matchMedia("(max-width: 60rem)").matches) contents.removeAttribute("open");
  for (const more of document.querySelectorAll(".exr-unfold")) {
    const table = more.closest(".exr-table");
    table.classList.add("exr-folded");
    more.hidden = false;
    more.addEventListener("click", () => {
      table.classList.remove("exr-folded");
      more.remove();
      table.querySelector(".exr-scroll").focus();
    });
  }
  // On paper nothing can be opened.
  window.addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
  });
  const button = document.getElementById("code-button");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = document.documentElement.classList.toggle("show-code");
    button.setAttribute("aria-pressed", String(shown));
  });
})();
