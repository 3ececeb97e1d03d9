/**
 * A number as a person reads it: three digits that count, thousands set apart, a sign where it is a difference.
 *
 * @param {number} value
 * @param {{ signed?: boolean }} [options]
 * @returns {string}
 */
export function formatFigure(value, { signed = false } = {}) {
  const size = Math.abs(value);
  const digits = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = size.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (value < 0) return `−${text}`;
  return signed ? `+${text}` : text;
}
