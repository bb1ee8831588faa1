// Rows of the API as files, made in the browser from what it has already.

import { h } from "./dom.js";

/** Objects within a row become columns of their own: `exit_plan.stop_loss`. */
function flat(row, before = "") {
  return Object.entries(row).flatMap(([key, value]) =>
    value !== null && typeof value === "object" ? flat(value, `${before}${key}.`) : [[before + key, value]]);
}

/** A cell; what a spreadsheet would take for a formula gets an apostrophe. */
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as CSV with a line of names; numbers stand as the API wrote them, unknown is empty. */
export function csv(rows) {
  const all = rows.map((row) => new Map(flat(row)));
  const names = [...new Set(all.flatMap((row) => [...row.keys()]))];
  return [names.map(cell), ...all.map((row) => names.map((name) => cell(row.get(name))))].map((line) => `${line.join(",")}\r\n`).join("");
}

/** Two buttons that save what `rows()` returns as `name.csv` and `name.json`. */
export function downloads(name, rows) {
  const button = (kind, type, text) =>
    h("button", { class: "button", type: "button", title: `Save these ${name} as ${kind}`, onclick: () => save(`${name}.${kind.toLowerCase()}`, type, text(rows())) }, kind);
  return h("div", { class: "switch", role: "group", "aria-label": "Save as" },
    button("CSV", "text/csv", csv), button("JSON", "application/json", (all) => JSON.stringify(all, null, 1)));
}

function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000); // a browser may begin to read it later
}
