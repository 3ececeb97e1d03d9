import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

/** Returns the external imports of a source file and everything it imports, without types. */
function outsideImports(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const source = readFileSync(file, "utf8");
  const specifiers = [...source.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from "([^"]+)"/gm)].map(
    ([, name]) => name ?? "",
  );
  return specifiers.flatMap((name) =>
    name.startsWith(".") ? outsideImports(path.join(path.dirname(file), name.replace(/\.js$/, ".ts")), seen) : [name],
  );
}

it("imports four Node modules and the contracts, and starts no process", () => {
  const imports = outsideImports(path.join(import.meta.dirname, "../src/index.ts"));
  expect([...new Set(imports)].sort()).toEqual(["@nanoagent/models", "node:fs", "node:os", "node:path", "node:zlib"]);
});
