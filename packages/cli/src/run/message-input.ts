/** Where messages come from, a line each. */
export interface MessageInput {
  /** The next line, or null when there are no more. */
  next(): Promise<string | null>;
  /** The answer to a question, or null when there is none; `before` is shown above it. Absent where nobody can be asked. */
  ask?(question: string, before?: string): Promise<string | null>;
  /** Shows a text to whoever can be asked. */
  tell?(text: string): void;
  /** Called in place of ending the input when Ctrl-C comes while a reply is being written. */
  onInterrupt: (() => void) | null;
  /** Whether Ctrl-C ended the input. */
  readonly interrupted: boolean;
  close(): void;
}
