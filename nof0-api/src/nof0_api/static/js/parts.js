// The parts of the API that pages are made of: how often each is asked for, and how much of it.

// Seconds between questions; most answers are 304.
export const EVERY = {
  "crypto-prices": 2, // also how soon a silent API is noticed
  status: 5,
  positions: 10,
  "account-totals": 15,
  trades: 15,
  decisions: 15, // the newest few, without prompts
  "newest-trades": 15,
  conversations: 15,
  candles: 15,
  leaderboard: 30,
  analytics: 30,
  metrics: 60,
  day: 60, // how prices moved in 24 hours
  "since-inception-values": 60,
};

// Of many traders there is less of each, so that a phone can hold it.
const TRADES = 10_000; // of all traders together
const CYCLES = 1_250; // a cycle has tens of kilobytes

/** The address of a part, for an arena of so many traders; 0 while nobody knows. */
export function addressOf(name, traders) {
  if (name === "decisions") return "conversations?decided=30";
  if (name === "newest-trades") return "trades?limit=10";
  if (name === "day") return "candles?hours=24";
  const share = { trades: TRADES, conversations: CYCLES }[name];
  const each = share && Math.max(1, Math.floor(share / traders));
  return share && traders * (name === "trades" ? 100 : 25) > share ? `${name}?limit=${each}` : name;
}
