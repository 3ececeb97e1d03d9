/**
 * Characters that can steer a terminal or make a text look like another one: C0 and C1 controls, DEL, and the marks that
 * turn the direction of text. Line feed and tab are not among them.
 */
export const terminalControls =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are its purpose
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
