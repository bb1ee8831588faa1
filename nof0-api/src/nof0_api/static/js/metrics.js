// The Prometheus text of the server, as far as the dashboard uses it.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Samples as `{name, labels, value}`; lines that are none are skipped. */
export function parseMetrics(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    const found = LINE.exec(line);
    if (!found) continue;
    const labels = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(LABEL)) {
      labels[name] = value.replace(/\\(.)/g, (_, one) => (one === "n" ? "\n" : one));
    }
    samples.push({ name: found[1], labels, value: Number(found[3]) });
  }
  return samples;
}

/** The value of a trader's sample, or null where the server does not know it. */
export function metricOf(samples, name, trader) {
  const found = (samples ?? []).find((one) => one.name === name && one.labels.trader === trader);
  return found ? found.value : null;
}

/** The model behind a trader, or null where the server does not say. */
export function modelOf(samples, trader) {
  return (samples ?? []).find((one) => one.labels.trader === trader && one.labels.model)?.labels.model ?? null;
}
