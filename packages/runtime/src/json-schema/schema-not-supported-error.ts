import { cutText, type ErrorParts, NanoAgentError } from "@nanoagent/models";

/** Most characters of a path that a message shows. Names in a schema can have any length. */
const MAX_PATH_LENGTH = 200;

/**
 * Code `schema-not-supported`: a schema asks for something that cannot be guaranteed while a reply is generated, or is
 * not a schema. Thrown before decoding starts. `path` is the JSON Pointer of the place in the schema, empty for the
 * root; `keyword` is the unsupported keyword, or null where the place itself is wrong.
 */
export class SchemaNotSupportedError extends NanoAgentError {
  override name = "SchemaNotSupportedError";
  readonly path: string;
  readonly keyword: string | null;

  constructor(parts: Omit<ErrorParts, "code"> & { path: string; keyword: string | null }) {
    super({ ...parts, code: "schema-not-supported" });
    this.path = parts.path;
    this.keyword = parts.keyword;
  }

  /** Creates an error whose message begins with the place: `In the schema at /properties/name: minLength …`. */
  static at(parts: { path: string; keyword: string | null; what: string; hint?: string | undefined }) {
    const { path, keyword, what, hint } = parts;
    const place = path.length > MAX_PATH_LENGTH ? `${cutText(path, MAX_PATH_LENGTH)}…` : path;
    const where = place === "" ? "the schema" : `the schema at ${place}`;
    const message = keyword === null ? `In ${where}: this ${what}.` : `In ${where}: ${keyword} ${what}.`;
    return new SchemaNotSupportedError({ path, keyword, message, hint });
  }

  override toJSON(): ReturnType<NanoAgentError["toJSON"]> & { path: string; keyword: string | null } {
    return { ...super.toJSON(), path: this.path, keyword: this.keyword };
  }
}
