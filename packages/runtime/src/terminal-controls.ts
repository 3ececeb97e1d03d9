/**
 * Characters that can control a terminal or disguise a text: C0 and C1 controls, DEL, and the marks that change the
 * direction of text. Excludes line feed and tab.
 */
export const terminalControls =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are its purpose
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
