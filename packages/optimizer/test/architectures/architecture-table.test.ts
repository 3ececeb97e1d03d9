import { describe, expect, it } from "vitest";
import { architectureNamed, KNOWN_ARCHITECTURES } from "../../src/architectures/architecture-table.js";
import type { TinyGgufOptions } from "../../src/testing/index.js";
import { ARCHITECTURE_MODELS } from "../../src/testing/known-models.js";
import { RECORDED_ARCHITECTURE_FIGURES } from "../fit/recorded-architecture-figures.js";
import { RECORDED_FIGURES, RECORDED_SHAPES } from "../fit/recorded-engine-figures.js";

describe("the table of architectures", () => {
  const plain = RECORDED_FIGURES.map(({ shape }) => {
    const options: TinyGgufOptions = RECORDED_SHAPES[shape];
    return options.architecture ?? "llama";
  });
  const others = RECORDED_ARCHITECTURE_FIGURES.map(({ shape }) => ARCHITECTURE_MODELS[shape]?.[0]);
  const recorded = new Set<string | undefined>([...plain, ...others]);
  const exact = KNOWN_ARCHITECTURES.filter((name) => architectureNamed(name).computation !== undefined);

  it.each(exact)("has recorded figures of the engine for %s, which claims exact figures", (name) => {
    expect(recorded).toContain(name);
  });

  it("does not claim exact figures for an architecture without a row", () => {
    expect([...recorded].filter((name) => name !== undefined && !exact.includes(name))).toEqual([]);
  });

  it.each([null, "", "nobody", "constructor", "__proto__", "toString"])("has an empty row for %j", (name) => {
    expect(architectureNamed(name)).toEqual({});
  });

  it("marks only plain rows as having equal layers", () => {
    expect(KNOWN_ARCHITECTURES.filter((name) => architectureNamed(name).isPlain)).toEqual(["llama", "qwen2", "qwen3"]);
  });
});
