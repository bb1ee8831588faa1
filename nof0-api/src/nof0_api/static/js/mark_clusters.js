// Marks on a chart, put together where they would cover each other: a cluster says how many it stands for.

const APART = 20; // px between two marks that can be told apart
const WORDS = 64; // px to the next mark on either side of one with words

/** The index of the last bar that began at `time` or before; -1 for what is older than all of them. */
export function barAt(bars, time) {
  let [low, high] = [0, bars.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bars[middle].time <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Puts marks together by the bars they happened in. `spacing` is px from one bar to the next.
 *
 * Returns `{index, time, marks}` in order of time: `index` is the bar of the newest of its marks. Marks older
 * than the first bar are left out.
 */
export function clustersOf(marks, bars, spacing) {
  const width = Math.max(1, Math.ceil(APART / Math.max(spacing, 0.01)));
  const found = new Map();
  for (const mark of marks) {
    const index = barAt(bars, mark.time);
    if (index < 0) continue;
    const bucket = Math.floor(index / width);
    const cluster = found.get(bucket) ?? { index, time: 0, marks: [] };
    cluster.marks.push(mark);
    Object.assign(cluster, { index, time: bars[index].time });
    found.set(bucket, cluster);
  }
  return [...found.values()];
}

/** Clusters as the library wants them; words stand at single marks where nothing is close by. */
export function markersOf(clusters, spacing) {
  const isApart = (one, other) => !other || Math.abs(one.index - other.index) * spacing >= WORDS;
  return clusters.map((one, at) => {
    const [first] = one.marks;
    const hasWords = isApart(one, clusters[at - 1]) && isApart(one, clusters[at + 1]);
    if (one.marks.length === 1) return { id: String(at), time: one.time, position: first.position, shape: first.shape, color: first.color, text: hasWords ? first.text : "" };
    return { id: String(at), time: one.time, position: "aboveBar", shape: "circle", color: "accent", text: `×${one.marks.length}` };
  });
}
