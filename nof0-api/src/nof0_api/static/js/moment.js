// Times. The API speaks in float seconds UTC; pages show UTC with its offset, and the reader's own
// time on hover.

import { h } from "./dom.js";
import { isKnown, NONE } from "./format.js";

const two = (value) => String(value).padStart(2, "0");

/** `2025-07-26 02:57:00 +00:00`, without seconds if asked. */
export function utc(seconds, { short = false } = {}) {
  if (!isKnown(seconds)) return NONE;
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return NONE;
  const day = `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  const clock = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  return short ? `${day} ${clock} +00:00` : `${day} ${clock}:${two(at.getUTCSeconds())} +00:00`;
}

function local(at) {
  const ahead = -at.getTimezoneOffset();
  const offset = `${ahead < 0 ? "−" : "+"}${two(Math.floor(Math.abs(ahead) / 60))}:${two(Math.abs(ahead) % 60)}`;
  return `${at.toLocaleString("sv-SE")} ${offset} where you are`;
}

/** A `<time>` element. */
export function moment(seconds, options) {
  const text = utc(seconds, options);
  if (text === NONE) return h("span", { class: "flat" }, NONE);
  const at = new Date(seconds * 1000);
  const zone = text.lastIndexOf(" ");
  return h(
    "time",
    { datetime: at.toISOString(), title: local(at) },
    text.slice(0, zone),
    h("span", { class: "zone" }, text.slice(zone)),
  );
}
