/** Parses a non-negative integer from the text of a file; null if it is invalid or not a safe integer. */
export function wholeNumber(text: string | null): number | null {
  const digits = text?.trim() ?? "";
  const number = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(number) ? number : null;
}
