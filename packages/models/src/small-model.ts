/**
 * Parameters from which on a model is trusted to choose its tools and to say what it did. Smaller ones are helped: their
 * tools are chosen by evidence, and their claims are checked.
 */
export const TRUSTED_PARAMETERS = 2_000_000_000;
/**
 * Parameters below which a model is not helped to choose: one so small was made for nothing but its own form of calls, or
 * has no language that evidence could be taken from.
 */
export const LEAST_HELPED_PARAMETERS = 50_000_000;
/** Parameters from which on a model says truly what came of an act. Below it, it is not asked: what came of it is said as it is. */
export const TELLING_PARAMETERS = 300_000_000;
