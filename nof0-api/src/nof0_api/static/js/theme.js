// The theme. Charts are canvas and cannot use CSS variables, so they ask here for colours and are
// drawn again when the theme changes. theme_boot.js sets the first one.

const root = document.documentElement;
const listeners = new Set();

export const isDark = () => root.dataset.theme === "dark";

/** A colour of the stylesheet by the name of its variable, for canvas; `#rrggbb` is one already. */
export function colour(name) {
  if (name.startsWith("#")) return name;
  return getComputedStyle(root).getPropertyValue(`--${name}`).trim();
}

/** The same as a value of a style. */
export const styled = (name) => (name.startsWith("#") ? name : `var(--${name})`);

/** Calls `listener` after each change of theme; returns how to stop that. */
export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function show(theme) {
  root.dataset.theme = theme;
  for (const listener of [...listeners]) listener();
}

/** Makes a button the switch between dark and light. */
export function bindThemeButton(button) {
  const label = () => {
    const text = `Switch to the ${isDark() ? "light" : "dark"} theme`;
    button.textContent = isDark() ? "☀" : "☾";
    button.setAttribute("aria-label", text);
    button.title = text;
  };
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("nof0-theme", next);
    } catch {
      // The choice then lasts as long as the page.
    }
    show(next);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    try {
      if (localStorage.getItem("nof0-theme")) return;
    } catch {
      // Nothing was chosen that could be remembered: follow the system.
    }
    show(event.matches ? "dark" : "light");
  });
  listeners.add(label);
  label();
}
