// Runs before the first paint: the reader's choice, else what the system prefers.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("nof0-theme");
  } catch {
    // Storage may be switched off; the page then follows the system.
  }
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = chosen === "dark" || chosen === "light" ? chosen : system;
})();
