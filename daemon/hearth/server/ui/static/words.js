// Numbers as people read them; what is not known is a dash, never 0.

export const DASH = "–";

/** Where an answer can come from. */
export const PLACES = { __proto__: null, machine: "this machine", lan: "your network", cloud: "cloud" };

export function bytes(count) {
  if (count === null || count === undefined) return DASH;
  let left = count;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (Math.abs(left) < 1000) return `${unit === "B" || unit === "kB" || left >= 100 ? left.toFixed(0) : left.toFixed(1)} ${unit}`;
    left /= 1000;
  }
  return `${left.toFixed(1)} TB`;
}

export function span(seconds) {
  if (seconds === null || seconds === undefined) return DASH;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export const milliseconds = (value) => value === null || value === undefined ? DASH : span(value / 1000);

const plain = new Intl.NumberFormat(undefined);
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

export const number = (value) => value === null || value === undefined ? DASH : plain.format(value);
export const compact = (value) => value === null || value === undefined ? DASH : value < 10000 ? plain.format(value) : short.format(value);
export const percent = (share) => share === null || share === undefined ? DASH : `${(share * 100).toFixed(share > 0.995 || share === 0 ? 0 : 1)} %`;

/** An amount: never rounded to nothing. */
export function money(amount, currency = "") {
  if (amount === null || amount === undefined) return DASH;
  const digits = amount === 0 || Math.abs(amount) >= 1 ? 2 : Math.abs(amount) >= 0.01 ? 3 : 6;
  return `${amount.toFixed(digits)} ${currency}`.trim();
}

/** Sums by currency, and how many costs are not in them. */
export function moneys(costs, unknown = 0) {
  const parts = Object.entries(costs || {}).map(([currency, amount]) => money(amount, currency));
  if (unknown) parts.push(`${plain.format(unknown)} unknown`);
  return parts.join(" + ") || "0";
}

const two = (value) => String(value).padStart(2, "0");
export const time = (moment) => {
  const at = new Date(moment * 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
};
export const day = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
export const clock = (moment) => {
  const at = new Date(moment * 1000), today = day(new Date()) === day(at);
  return today ? time(moment) : `${day(at)} ${time(moment)}`;
};
export const counted = (count, thing) => `${plain.format(count)} ${count === 1 ? thing : `${thing}s`}`;
