/** Supported by every recent model, and the default of small servers. */
export const DEFAULT_CONTEXT_TOKENS = 4096;

/**
 * Chooses how much of a server's context to use: all of it, or the configured size if that is smaller. If the server
 * does not report its context, the configured size or {@link DEFAULT_CONTEXT_TOKENS}, up to the model's trained limit.
 * `notice` reports an unexpected result.
 */
export function chooseContext({
  has,
  most,
  wished,
}: {
  /** Context of the server, or null if not reported. */
  has: number | null;
  /** Context that the model was trained for, or null if unknown. */
  most: number | null;
  wished: number | undefined;
}): { contextTokens: number; notice: string | null } {
  if (has !== null) {
    const isMore = wished !== undefined && wished > has;
    return {
      contextTokens: Math.min(has, wished ?? has),
      notice: isMore ? `engine.context is ${wished}, but the server's context is ${has} tokens.` : null,
    };
  }
  const limit = most ?? Number.POSITIVE_INFINITY;
  if (wished !== undefined) {
    const notice =
      wished > limit ? `engine.context is ${wished}, but the model's context is limited to ${limit} tokens.` : null;
    return { contextTokens: Math.min(wished, limit), notice };
  }
  const contextTokens = Math.min(DEFAULT_CONTEXT_TOKENS, limit);
  return {
    contextTokens,
    notice: `The server does not report its context size. ${contextTokens} tokens are used. Set engine.context to the actual size.`,
  };
}
