// Works without: the contents stay open and the code stays hidden.
(() => {
  const button = document.getElementById("code-button");
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = document.documentElement.classList.toggle("show-code");
    button.setAttribute("aria-pressed", String(shown));
  });
})();
