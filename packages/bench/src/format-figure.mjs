/**
 * Formats a number for people: three significant digits, thousands separators, and a sign for a difference.
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
