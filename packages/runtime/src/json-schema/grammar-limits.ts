/** A schema comes with a program or over a wire; with more parts than this it is a mistake or an attack. */
export const MAX_SCHEMA_PARTS = 5000;

/** How deep schemas are written inside one another, a `$ref` beginning anew: the reader recurses. */
export const MAX_SCHEMA_DEPTH = 64;

/** Values in one `enum`. Each is a path that the engine follows at once. */
export const MAX_ENUM_VALUES = 2000;

/** What the engine holds for a grammar is about 0.6 KB a rule, up to three times over. */
export const MAX_RULES = 10_000;

/** The text of a grammar; far more than the largest schemas in use need. */
export const MAX_GRAMMAR_BYTES = 512 * 1024;

/** Steps of compiling, some microseconds each at most: `allOf` of many `anyOf` multiplies them. */
export const MAX_WORK = 300_000;

/** Levels of values inside values, those of recursion included: the compiler recurses. */
export const MAX_VALUE_LEVELS = 256;

/** How often recursive schemas may follow one another from the whole reply down to a leaf; the grammar stays finite. */
export const MAX_RECURSION = 16;

/**
 * Longer repetitions are made of blocks of this many. llama.cpp makes a rule of each optional one, takes `{0,2001}` for
 * unbounded without a word, and refuses `{2001}`; some versions stumble at 2000.
 */
export const REPETITION_BLOCK = 100;

/** A string without `maxLength`, in code points. Longer than a small model's reply is; shorter than its context. */
export const DEFAULT_MAX_STRING_LENGTH = 2000;

/** A `maxLength` above this counts as this; a `minLength` above it is refused. */
export const MAX_STRING_LENGTH = 10_000;

/** A list without `maxItems`: small models like to go on for ever. */
export const DEFAULT_MAX_ITEMS = 64;

/** A `maxItems` above this counts as this; a `minItems` above it is refused. */
export const MAX_ITEMS = 1000;

/** Properties beyond the declared ones, where `additionalProperties` allows them. */
export const MAX_ADDITIONAL_PROPERTIES = 32;

/** The name of such a property, in code points. */
export const MAX_NAME_LENGTH = 64;

/** Lists and objects inside one another where the schema allows any value. */
export const MAX_ANY_LEVELS = 3;

/** Items or properties of each of them. */
export const MAX_ANY_ITEMS = 16;

/** Two decimals of up to this many digits never read as the same number, so bounds on digits are bounds on numbers. */
export const MAX_SIGNIFICANT_DIGITS = 15;

/** With one digit before the point, `e299` is far from overflow and `e-299` from nothing. */
export const MAX_EXPONENT = 299;
