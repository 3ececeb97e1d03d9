import { nearestName } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyText } from "../../../scripts/any-text.js";

const keys = ["spec", "device", "model_path", "model_root", "max_memory_mb", "max_model_size_mb", "tools", "session"];

test.each([
  ["tool", "tools"],
  ["toolz", "tools"],
  ["TOOLS", "tools"],
  ["max_memory", "max_memory_mb"],
  ["max-memory-mb", "max_memory_mb"],
  ["maxMemoryMb", "max_memory_mb"],
  ["max_model_size", "max_model_size_mb"],
  ["modelpath", "model_path"],
  ["model_rot", "model_root"],
  ["devcie", "device"],
  ["sessions", "session"],
])("%s means %s", (name, meant) => {
  expect(nearestName(name, keys)).toBe(meant);
});

test("an empty text and one or two letters have no nearest name", () => {
  expect(nearestName("", ["a", "", "spec"])).toBe("");
  expect(nearestName("", ["a", "spec"])).toBeNull();
  expect(nearestName("x", ["y", "xy"])).toBeNull();
  expect(nearestName("spec_file", ["", "s", "sp"])).toBeNull();
});

test.each(["", "x", "plugins", "colour", "to", "__proto__", "constructor"])("%j has no nearest name", (name) => {
  expect(nearestName(name, keys)).toBeNull();
});

test("of two equally close names, the first wins", () => {
  expect(nearestName("model", ["model_root", "model_path"])).toBe("model_root");
  expect(nearestName("model", ["model_path", "model_root"])).toBe("model_path");
});

test("an exact match is closer than a longer name with that prefix", () => {
  expect(nearestName("fsync", ["fsync_mode", "fsync"])).toBe("fsync");
});

describe("for any name and any candidates", () => {
  const name = fc.oneof(fc.string(), anyText(), fc.constantFrom(...keys, "__proto__", "constructor"));
  const names = fc.array(name, { maxLength: 8 });

  test("the answer is one of the candidates, or null", () => {
    fc.assert(
      fc.property(name, names, (wanted, candidates) => {
        expect([null, ...candidates]).toContain(nearestName(wanted, candidates));
      }),
    );
  });

  test("ignores letter case, and treats hyphens as underscores", () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.infiniteStream(fc.boolean()), (key, flips) => {
        const wanted = [...key].map((letter) => {
          const flip = flips.next().value;
          return letter === "_" && flip ? "-" : flip ? letter.toUpperCase() : letter;
        });
        expect(nearestName(wanted.join(""), keys)).toBe(key);
      }),
    );
  });

  test("finds a key of at least four letters despite one typing error", () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(), fc.constantFrom("", "q"), (key, at, slip) => {
        const place = at % key.length;
        expect(nearestName(key.slice(0, place) + slip + key.slice(place + 1), [key])).toBe(key);
      }),
    );
  });

  test("returns null quickly for a very long name", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 65, maxLength: 200 }), names, (wanted, candidates) => {
        expect(nearestName(wanted, [...candidates, wanted])).toBeNull();
      }),
    );
    const started = performance.now();
    expect(nearestName("a".repeat(5_000_000), ["a".repeat(5_000_000)])).toBeNull();
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
