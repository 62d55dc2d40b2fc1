/** Three digits that mean something, thousands apart. */
export function round(number) {
  if (!Number.isFinite(number)) return '–';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(number) || 1)));
  return number.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

export const perSecond = (number) => `${round(number)}/s`;
export const percent = (share) => `${(share * 100).toFixed(0)} %`;
export const times = (ratio) => `${ratio.toFixed(2)}×`;
export const milliseconds = (number) => `${number.toFixed(1)} ms`;

/** A duration given in nanoseconds. */
export function duration(nanoseconds) {
  return nanoseconds < 1000 ? `${nanoseconds.toFixed(0)} ns` : `${(nanoseconds / 1000).toFixed(2)} µs`;
}
