import fc from "fast-check";

/** Texts of characters that topics, JSON and IDs treat differently. Much faster than texts of all characters. */
export function oddText(maxLength: number): fc.Arbitrary<string> {
  return fc.string({
    unit: fc.constantFrom(
      "a",
      "Z",
      "7",
      "-",
      "_",
      "é",
      "/",
      "+",
      "#",
      " ",
      "{",
      '"',
      "日",
      "😀",
      "\0",
      "\n",
      "\u0301",
      "\ud800",
    ),
    maxLength,
  });
}
