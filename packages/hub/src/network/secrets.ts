/** Shortest secret that is looked for: a shorter one would also be found in other words. */
const MIN_CHARACTERS = 8;

/** Access tokens of Hugging Face, also those of others. */
const TOKEN = /hf_[A-Za-z0-9]{20,}/g;

/** Replaces everything in a text that looks like an access token. */
export function maskTokens(text: string): string {
  return text.replace(TOKEN, "hf_…");
}

/** Replaces known secrets in a text of a server, which may send back what it received. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) {
    if (secret.length >= MIN_CHARACTERS) masked = masked.replaceAll(secret, "…");
  }
  return masked;
}
