// Numbers and times, written the same way everywhere. Unknown (null, undefined, NaN) is a dash.

export const NONE = "–";
const MINUS = "−";

export function isKnown(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function fixed(value, digits) {
  return Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function signed(value, digits, prefix, suffix, plus) {
  if (!isKnown(value)) return NONE;
  const text = fixed(value, digits);
  // What rounds to zero has no sign: "−0.00" reads as a loss.
  const isZero = !/[1-9]/.test(text);
  const sign = isZero ? "" : value < 0 ? MINUS : plus ? "+" : "";
  return `${sign}${prefix}${text}${suffix}`;
}

/** US dollars with cents: `$1,713.72`. */
export const usd = (value) => signed(value, 2, "$", "", false);
/** A gain or a loss in US dollars: `+$3.64`, `−$0.61`. */
export const gain = (value) => signed(value, 2, "$", "", true);
/** A percentage that is already times 100: `12.4 %`. */
export const percent = (value, digits = 1) => signed(value, digits, "", " %", false);
/** A percentage with its sign: `+3.64 %`. */
export const change = (value, digits = 2) => signed(value, digits, "", " %", true);
/** A plain number. */
export const number = (value, digits = 2) => signed(value, digits, "", "", false);
/** A plain number with its sign. */
export const score = (value, digits = 2) => signed(value, digits, "", "", true);
/** A count. */
export const count = (value) => signed(value, 0, "", "", false);
/** Whole or broken leverage: `3×`. */
export const times = (value) => (isKnown(value) ? `${+value.toFixed(2)}×` : NONE);
/** A confidence between 0 and 1 as a percentage. */
export const confidence = (value) => (isKnown(value) ? percent(value * 100, 0) : NONE);

/** A price with as many digits as its size deserves: `117,629.0`, `3,750.90`, `3.1529`, `0.23734`. */
export function price(value) {
  if (!isKnown(value)) return NONE;
  const size = Math.abs(value);
  // Below one dollar five significant digits, as venues quote them.
  const small = size > 0 ? Math.min(12, 4 - Math.floor(Math.log10(size))) : 2;
  const digits = size >= 10000 ? 1 : size >= 100 ? 2 : size >= 1 ? 4 : small;
  return signed(value, digits, "", "", false);
}

/** A signed quantity of coins without needless zeros. */
export function quantity(value) {
  if (!isKnown(value)) return NONE;
  const text = Math.abs(value).toLocaleString("en-US", { maximumFractionDigits: 6 });
  return value < 0 ? `${MINUS}${text}` : text;
}

/** An interval of percentages: `−17.1 … +27.8`. */
export function interval(pair, digits = 1) {
  if (!Array.isArray(pair) || pair.length !== 2) return NONE;
  return `${score(pair[0], digits)} … ${score(pair[1], digits)}`;
}

/** Minutes as a span: `45 min`, `3.2 h`, `2.1 d`. */
export function minutes(value) {
  if (!isKnown(value)) return NONE;
  if (value < 120) return `${number(value, value < 10 ? 1 : 0)} min`;
  return value < 2880 ? `${number(value / 60, 1)} h` : `${number(value / 1440, 1)} d`;
}

/** Seconds of age: `12 s`, `3 min`, `5.0 h`. */
export function age(seconds) {
  if (!isKnown(seconds)) return NONE;
  return seconds < 90 ? `${Math.max(0, Math.round(seconds))} s` : minutes(seconds / 60);
}

/** Positive, negative or flat, as a class name. */
export const tone = (value) => (!isKnown(value) || Math.abs(value) < 1e-9 ? "flat" : value > 0 ? "up" : "down");
