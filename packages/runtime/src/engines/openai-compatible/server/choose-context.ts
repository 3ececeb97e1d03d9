/** What every model of the last years has, and what small servers start with. */
export const DEFAULT_CONTEXT_TOKENS = 4096;

/**
 * How many tokens are used of a server's context: what it has, or less where less is wished. Where it does not say what
 * it has, what is wished, or {@link DEFAULT_CONTEXT_TOKENS}; never more than the model was made for. `notice` says what
 * the user would not expect.
 */
export function chooseContext({
  has,
  most,
  wished,
}: {
  /** What the server has; null where it does not say. */
  has: number | null;
  /** What the model was made for; null where it is not known. */
  most: number | null;
  wished: number | undefined;
}): { contextTokens: number; notice: string | null } {
  if (has !== null) {
    const isMore = wished !== undefined && wished > has;
    return {
      contextTokens: Math.min(has, wished ?? has),
      notice: isMore ? `The server's context is ${has} tokens; engine.context asks for ${wished}.` : null,
    };
  }
  const limit = most ?? Number.POSITIVE_INFINITY;
  if (wished !== undefined) {
    const notice =
      wished > limit ? `The model's context ends at ${limit} tokens; engine.context asks for ${wished}.` : null;
    return { contextTokens: Math.min(wished, limit), notice };
  }
  const contextTokens = Math.min(DEFAULT_CONTEXT_TOKENS, limit);
  return {
    contextTokens,
    notice: `The server does not say how large its context is; ${contextTokens} tokens are used. Set engine.context to what it has.`,
  };
}
