import type { StringFormat } from "./string-format.js";

export type JsonType = "null" | "boolean" | "integer" | "number" | "string" | "array" | "object";

/** One schema, read and checked. An absent keyword is null, empty, or the bound that it has by default. */
export interface SchemaNode {
  readonly id: number;
  /** JSON Pointer within the document. */
  readonly path: string;
  /** The schema `false`. */
  readonly refusesAll: boolean;
  readonly types: ReadonlySet<JsonType> | null;
  /** Of `enum` and `const`. */
  readonly values: readonly unknown[] | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly exclusiveMinimum: number | null;
  readonly exclusiveMaximum: number | null;
  readonly multipleOf: number | null;
  readonly minLength: number;
  readonly maxLength: number;
  /** Null as well for a format that is only an annotation. */
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
  /** What `$ref` points to. */
  readonly reference: SchemaNode | null;
  /** Does a `$ref` point here, and can the schema be met again on the way down from itself? */
  readonly recursive: boolean;
  /** Is there such a schema on the way down? */
  readonly leadsToRecursion: boolean;
  /** The types that the keywords of this schema speak about, for one that names no type. */
  readonly impliedTypes: ReadonlySet<JsonType>;
}
