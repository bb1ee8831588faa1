// What the reader chose on a page, kept in the address behind the page's name (`#/trades?side=short`),
// so that a reload or a copied address shows the same.

const parts = () => {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?", 2);
  return { path: path || "/", query: new URLSearchParams(query) };
};

/** The page's part of the address, without what was chosen. */
export const pathOf = () => parts().path;

/** What was chosen under a name, or `otherwise`; a value that is not among `allowed` counts as none. */
export function chosen(name, otherwise = "", allowed = null) {
  const value = parts().query.get(name);
  return value === null || (allowed && !allowed.includes(value)) ? otherwise : value;
}

/** Keeps a choice; one that is as usual leaves the address. */
export function choose(name, value, usual = "") {
  const { path, query } = parts();
  if (value === usual) query.delete(name);
  else query.set(name, value);
  const text = query.toString();
  // Not a new page: "back" leads to where the reader was before, not through every filter.
  history.replaceState(history.state, "", `#${path}${text ? `?${text}` : ""}`);
}

/** The address of one cycle of a trader. */
export const cycleAddress = (trader, at) => `#/conversations?${new URLSearchParams({ trader, at: String(at) })}`;
