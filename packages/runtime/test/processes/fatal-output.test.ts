import { expect, test } from "vitest";
import { tellsOfMemory } from "../../src/processes/fatal-output.js";

const subjects = ["memory", "629145600 bytes", "enough space for object heap", "a buffer"];
const attempts = ["failed to", "cannot", "can't", "unable to", "could not", "couldn't"];
const verbs = ["allocate", "reserve", "map"];
const sentences = attempts.flatMap((attempt) =>
  verbs.flatMap((verb) => subjects.map((subject) => `${attempt} ${verb} ${subject}`)),
);

test.each([
  ...sentences,
  "memory exhausted by input buffer of size 629145600 bytes (600 MiB)",
  "virtual memory exhausted",
  "memory allocation of 629145600 bytes failed",
  "Array buffer allocation failed",
  "not enough memory",
  "Insufficient memory for the runtime",
  "terminate called after throwing an instance of 'std::bad_alloc'",
  "MemoryError",
  "java.lang.OutOfMemoryError: Java heap space",
  "fork: Resource temporarily unavailable",
])("a failed allocation is recognized (%s)", (words) => {
  expect(tellsOfMemory(`tool: ${words}\n`)).toBe(true);
  expect(tellsOfMemory(`Tool: ${words.toUpperCase()}`)).toBe(true);
});

test.each(["the memory of last summer", "failed to read the map", "cannot open memory.txt", "allocation of seats"])(
  "other failures are not mistaken for it (%s)",
  (words) => expect(tellsOfMemory(words)).toBe(false),
);
