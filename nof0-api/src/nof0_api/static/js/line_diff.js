// What changed between two texts, line by line.

const MOST = 1500; // lines that are compared one with another; what is longer is shown as replaced

/** Lines as `[sign, line]`: "−" is gone, "+" is new, "" stood in both. */
export function diffLines(before, after) {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const same = (lines) => lines.map((line) => ["", line]);
  return [...same(now.slice(0, head)), ...middle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)), ...same(now.slice(now.length - tail))];
}

/** The longest common subsequence decides what stays. */
function middle(old, now) {
  const gone = old.map((line) => ["−", line]);
  const fresh = now.map((line) => ["+", line]);
  if (!old.length || !now.length || old.length > MOST || now.length > MOST) return [...gone, ...fresh];
  const wide = now.length + 1;
  const longest = new Uint16Array((old.length + 1) * wide);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      longest[i * wide + j] = old[i] === now[j] ? longest[(i + 1) * wide + j + 1] + 1 : Math.max(longest[(i + 1) * wide + j], longest[i * wide + j + 1]);
    }
  }
  const found = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      found.push(["", now[j]]);
      i += 1;
      j += 1;
    } else if (longest[(i + 1) * wide + j] >= longest[i * wide + j + 1]) {
      found.push(gone[i]);
      i += 1;
    } else {
      found.push(fresh[j]);
      j += 1;
    }
  }
  return [...found, ...gone.slice(i), ...fresh.slice(j)];
}

/** The changed lines with `around` unchanged ones beside them; `null` stands for those left out. */
export function excerpt(lines, around = 2) {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - around), at + around + 1).some(([sign]) => sign));
  return lines.flatMap((line, at) => (near[at] ? [line] : near[at - 1] ? [null] : []));
}
