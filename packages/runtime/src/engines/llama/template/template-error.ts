/** A template that cannot be read or rendered: what its text says, or a limit that it has reached. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
