/** A whole number from 0 on, as a file has it; null for what is none, and for what no number here is exact for. */
export function wholeNumber(text: string | null): number | null {
  const digits = text?.trim() ?? "";
  const number = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(number) ? number : null;
}
