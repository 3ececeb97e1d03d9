/** Most subschemas of a schema. More than this is a mistake or an attack. */
export const MAX_SCHEMA_PARTS = 5000;

/** Deepest nesting of subschemas as written; a `$ref` starts again from 0. The reader recurses. */
export const MAX_SCHEMA_DEPTH = 64;

/** Most values of one `enum`. The engine follows one path for each of them at the same time. */
export const MAX_ENUM_VALUES = 2000;

/** Most rules of a grammar. The engine holds about 0.6 KB per rule, up to three copies. */
export const MAX_RULES = 10_000;

/** Largest text of a grammar. Far more than the largest real schemas need. */
export const MAX_GRAMMAR_BYTES = 512 * 1024;

/** Most compile steps, at most some microseconds per step. An `allOf` of several `anyOf` multiplies them. */
export const MAX_WORK = 300_000;

/** Deepest nesting of values, recursion included. The compiler recurses. */
export const MAX_VALUE_LEVELS = 256;

/** Deepest recursion of recursive schemas in a reply. It keeps the grammar finite. */
export const MAX_RECURSION = 16;

/**
 * Longer repetitions are split into blocks of this size. llama.cpp makes one rule of each optional repetition, silently
 * reads `{0,2001}` as unbounded and rejects `{2001}`. Some versions already fail at 2000.
 */
export const REPETITION_BLOCK = 100;

/** Default `maxLength` in code points. Longer than a small model's reply, shorter than its context. */
export const DEFAULT_MAX_STRING_LENGTH = 2000;

/** Largest supported `maxLength`; larger ones are reduced to it. A larger `minLength` is an error. */
export const MAX_STRING_LENGTH = 10_000;

/** Default `maxItems`. Without one, small models may never end a list. */
export const DEFAULT_MAX_ITEMS = 64;

/** Largest supported `maxItems`; larger ones are reduced to it. A larger `minItems` is an error. */
export const MAX_ITEMS = 1000;

/** Most undeclared properties, where `additionalProperties` allows them. */
export const MAX_ADDITIONAL_PROPERTIES = 32;

/** Longest name of an undeclared property, in code points. */
export const MAX_NAME_LENGTH = 64;

/** Deepest nesting where the schema allows any value. */
export const MAX_ANY_LEVELS = 3;

/** Most items or properties of a list or object where the schema allows any value. */
export const MAX_ANY_ITEMS = 16;

/**
 * Digits up to which two different decimals never read as the same number, so bounds on digits are bounds on numbers.
 */
export const MAX_SIGNIFICANT_DIGITS = 15;

/** Largest exponent. With one digit before the point, `e299` cannot overflow and `e-299` cannot become 0. */
export const MAX_EXPONENT = 299;
