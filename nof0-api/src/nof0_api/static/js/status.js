// One line in the header: is this live, and how old is it.

import { age } from "./format.js";
import { utc } from "./moment.js";

/** Writes the state of the connection and the time of the newest data. */
export function showStatus(node, store) {
  const { error, lastAnswer, age: old } = store.health;
  const newest = store.totals.newest;
  node.classList.toggle("live", !error && newest !== null);
  node.classList.toggle("away", Boolean(error));
  let text = "Connecting …";
  if (error) text = "API away";
  else if (newest !== null) text = `Data ${utc(newest, { short: true })}`;
  else if (lastAnswer !== null) text = "No data yet";
  if (node.textContent !== text) node.textContent = text;
  // The age counts up every second: on hover, where it interrupts nobody.
  node.title = old === null ? "" : `The engine wrote ${age(old)} ago`;
}
