/**
 * Parameters from which a model is trusted to choose its tools and to report what it did. For smaller models, tools are
 * chosen by evidence, and claims in replies are checked.
 */
export const TRUSTED_PARAMETERS = 2_000_000_000;
/**
 * Parameters below which tools are not chosen by evidence. A model this small was trained only for its own form of
 * calls, or knows too little language to give evidence.
 */
export const LEAST_HELPED_PARAMETERS = 50_000_000;
/** Parameters from which a model reports the result of a call reliably. Below, the result is shown unchanged. */
export const TELLING_PARAMETERS = 300_000_000;
