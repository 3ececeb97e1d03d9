import type { StringFormat } from "./string-format.js";

export type JsonType = "null" | "boolean" | "integer" | "number" | "string" | "array" | "object";

/** A schema after reading and checking. An absent keyword is null, empty or the default bound. */
export interface SchemaNode {
  readonly id: number;
  /** JSON Pointer within the document. */
  readonly path: string;
  /** The schema `false`. */
  readonly refusesAll: boolean;
  readonly types: ReadonlySet<JsonType> | null;
  /** From `enum` and `const`. */
  readonly values: readonly unknown[] | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly exclusiveMinimum: number | null;
  readonly exclusiveMaximum: number | null;
  readonly multipleOf: number | null;
  readonly minLength: number;
  readonly maxLength: number;
  /** Also null for a format that is only an annotation. */
  readonly format: StringFormat | null;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  readonly required: readonly string[];
  readonly additionalProperties: SchemaNode | null;
  readonly propertyNames: SchemaNode | null;
  readonly minProperties: number;
  readonly maxProperties: number;
  readonly prefixItems: readonly SchemaNode[];
  readonly items: SchemaNode | null;
  readonly minItems: number;
  readonly maxItems: number;
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  /** The target of `$ref`. */
  readonly reference: SchemaNode | null;
  /** Whether a `$ref` points here and this schema can occur again below itself. */
  readonly recursive: boolean;
  /** Whether a recursive schema is reachable from here. */
  readonly leadsToRecursion: boolean;
  /** Types that the keywords of a schema without `type` apply to. */
  readonly impliedTypes: ReadonlySet<JsonType>;
}
