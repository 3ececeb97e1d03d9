/** Returns a text that another sentence may follow: a full stop is added where it does not end like a sentence. */
export function asSentence(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed === "" || /[.!?…:]["'”’)\]]?$/u.test(trimmed) ? trimmed : `${trimmed}.`;
}
