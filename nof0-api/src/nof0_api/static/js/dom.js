// Building elements. Text is always set as text, never as markup: what a model says is data.

/** Makes an element: `h("p", {class: "muted", onclick: f, dataset: {key}}, "text", child)`. */
export function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "vars") {
      // Through the object model: a style attribute would be refused by the content policy.
      for (const [key, one] of Object.entries(value)) node.style.setProperty(`--${key}`, one);
    } else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * Replaces the children of a node and keeps what the reader was doing: the focused element, which
 * `<details>` were opened, how far it was scrolled. Elements are recognised by `data-key`.
 */
export function refill(node, ...children) {
  const active = document.activeElement;
  const focused = node.contains(active) ? active.dataset.key : undefined;
  const opened = new Map();
  for (const one of node.querySelectorAll("details[data-key]")) opened.set(one.dataset.key, one.open);
  const scrolled = [node.scrollLeft, node.scrollTop];
  node.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined));
  for (const one of node.querySelectorAll("details[data-key]")) {
    if (opened.has(one.dataset.key)) one.open = opened.get(one.dataset.key);
  }
  [node.scrollLeft, node.scrollTop] = scrolled;
  if (focused) node.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
