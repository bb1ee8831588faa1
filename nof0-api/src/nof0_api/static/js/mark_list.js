// The marks of one place of a price chart as a list, each with what is known of it and a link to its decision.

import { h } from "./dom.js";
import { moment } from "./moment.js";

export class MarkList {
  /** `linkOf(mark)` is the address of the decision behind a mark, or null; `onclose` is called when it is closed. */
  constructor(linkOf, onclose) {
    this.linkOf = linkOf;
    this.onclose = onclose;
    this.element = h("section", { class: "mark-list", "aria-label": "Marks", tabindex: "-1", hidden: true, onkeydown: (event) => event.key === "Escape" && this.close() });
  }

  /** Shows marks, the newest last; without any the list is closed. */
  show(marks) {
    this.element.hidden = !marks.length;
    const rows = marks.map((mark) => {
      const link = this.linkOf(mark);
      return h("li", { class: mark.color }, moment(mark.at), h("span", { class: "mark-text" }, mark.title), link ? h("a", { href: link }, "decision") : null);
    });
    this.element.replaceChildren(
      h("header", {}, h("h3", {}, marks.length === 1 ? "1 mark" : `${marks.length} marks`), h("button", { class: "button", type: "button", onclick: () => this.close() }, "Close")),
      h("ul", {}, rows));
  }

  open(marks) {
    this.show(marks);
    if (marks.length) this.element.focus({ preventScroll: true });
  }

  close() {
    this.element.hidden = true;
    this.onclose();
  }
}
