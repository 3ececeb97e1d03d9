/**
 * Parameters from which on a model is trusted to choose its tools and to say what it did. Smaller ones are helped: their
 * tools are chosen by evidence, and their claims are checked.
 */
export const TRUSTED_PARAMETERS = 2_000_000_000;
