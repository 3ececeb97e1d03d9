/** Source of messages: a pipe, a file, or a person at a terminal. */
export interface MessageInput {
  /** Returns the next message, or null at the end. */
  next(): Promise<string | null>;
  /**
   * Asks a question, with the text `before` above it. Returns the answer, or null when the question was interrupted or the
   * input has ended. Absent where nobody can be asked.
   */
  ask?(question: string, before?: string): Promise<string | null>;
  /** Shows a text to the person who can be asked. */
  tell?(text: string): void;
  /** Called when Ctrl-C comes while a reply is being written, instead of ending the input. */
  onInterrupt: (() => void) | null;
  /** Whether Ctrl-C ended the input. */
  readonly interrupted: boolean;
  close(): void;
}
