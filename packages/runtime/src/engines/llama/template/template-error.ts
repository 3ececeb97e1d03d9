/** Failure to parse or render a template: an error in its text, or an exceeded limit. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
