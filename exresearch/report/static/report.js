// Works without: the contents stay open and the code stays hidden.
(() => {
  const contents = document.getElementById("contents");
  if (window.matchMedia("(max-width: 60rem)").matches) contents.removeAttribute("open");
  const button = document.getElementById("code-button");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = document.documentElement.classList.toggle("show-code");
    button.setAttribute("aria-pressed", String(shown));
  });
})();
