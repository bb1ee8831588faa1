// The scale of values: how far it reaches, where its lines are, and how many digits tell them apart.

const FEWEST = 4; // lines, where the span allows
const WIDE = 10; // times; a logarithmic axis that spans more has lines at 1, 2 and 5 of each power of ten
const MOST_DIGITS = 8;

/** Digits after the point that write multiples of `step` exactly: 0.25 → 2, 5 → 0. */
export function digitsOf(step) {
  for (let digits = 0; digits < MOST_DIGITS; digits += 1) {
    const scaled = Math.abs(step) * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6) return digits;
  }
  return MOST_DIGITS;
}

/** The least distance of neighbours, 1 where there are none. */
export function stepOf(ticks) {
  const steps = ticks.slice(1).map((one, index) => one - ticks[index]);
  return steps.length ? Math.min(...steps) : 1;
}

/** From where to where an axis reaches for values between `low` and `high`; a flat curve gets some air. */
export function reach(low, high, isLog) {
  if (low === null || high === null) return isLog ? [1, 10] : [0, 1];
  if (low === high) {
    const air = Math.abs(low) * 0.02 || 1;
    return [low - air, high + air];
  }
  if (!isLog) return [low - (high - low) * 0.06, high + (high - low) * 0.06];
  const air = (high / low) ** 0.06;
  return [low / air, high * air];
}

/** Round values between `low` and `high`, ascending; on a wide logarithmic axis at 1, 2 and 5 of each power of ten. */
export function ticksBetween(low, high, isLog) {
  if (isLog && high / low > WIDE) {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      for (const digit of [1, 2, 5]) found.push(digit * 10 ** power);
    }
    return found.filter((one) => one >= low && one <= high);
  }
  const rough = (high - low) / FEWEST;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([5, 2].find((one) => one * power <= rough) ?? 1) * power;
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) found.push(at * step);
  return found;
}
