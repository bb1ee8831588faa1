// The settings two runs were made with, key by key, as far as they differ.

/** Longer values are cut: a key says where they stand. */
const MOST = 200;

/**
 * Keys of a document and their values as text, in its order: `Manager.traders.ann.limits.max_positions`.
 * An entry of a list stands under its `id` if it has one, else under its number.
 */
export function flat(document) {
  const found = new Map();
  const walk = (value, path) => {
    if (value === null || typeof value !== "object" || !Object.keys(value).length) {
      found.set(path.join("."), typeof value === "string" ? value : JSON.stringify(value));
      return;
    }
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, Array.isArray(value) && typeof inner?.id === "string" ? inner.id : key]);
  };
  walk(document ?? {}, []);
  return found;
}

const short = (text) => (text === undefined ? "–" : text.length > MOST ? `${text.slice(0, MOST)}…` : text);

/** Rows `{key, a, b}` of what differs, or null where a report does not tell its settings. */
export function differing(a, b) {
  if (!isDocument(a) || !isDocument(b)) return null;
  const [one, other] = [flat(a), flat(b)];
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((key) => one.get(key) !== other.get(key))
    .map((key) => ({ key, a: short(one.get(key)), b: short(other.get(key)) }));
}

const isDocument = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
