// Long texts: behind a line that opens them, with a button that copies them.

import { h } from "./dom.js";

/** A part behind a line that opens it; `fill()` makes what is in it, when it is opened first. */
export function fold(key, title, fill, open = false) {
  const node = h("details", { dataset: { key }, open }, h("summary", { dataset: { key: `${key}:summary` } }, title));
  let isFilled = false;
  const make = () => {
    if (isFilled || !node.open) return;
    isFilled = true;
    node.append(...[fill()].flat(3).filter((one) => one !== null && one !== undefined));
  };
  node.addEventListener("toggle", make);
  if (open) make();
  return node;
}

/** A text as it is, with a button that copies it. */
export function passage(text) {
  const shown = h("pre", { tabindex: "0", "aria-label": "Text" }, text);
  const button = h("button", { class: "button copy", type: "button", onclick: () => copy(text, shown, button) }, "Copy");
  return h("div", { class: "passage" }, shown, button);
}

async function copy(text, shown, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page that came over plain HTTP from elsewhere has no clipboard: the text is selected instead.
    getSelection().selectAllChildren(shown);
    button.textContent = "Selected: copy it with Ctrl-C";
    return;
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

/** A text with what was searched for marked, and a little of what stands around it. */
export function found(text, wanted) {
  const at = text.toLowerCase().indexOf(wanted.toLowerCase());
  if (at < 0) return null;
  const [from, to] = [Math.max(0, at - 60), at + wanted.length];
  return h("p", { class: "found" }, from ? "…" : "", text.slice(from, at), h("mark", {}, text.slice(at, to)), text.slice(to, to + 60), to + 60 < text.length ? "…" : "");
}
