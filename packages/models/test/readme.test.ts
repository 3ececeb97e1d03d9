import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

const folder = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const readme = readFileSync(path.join(folder, "README.md"), "utf8");

test("the program in the README prints the output that its comments show", async () => {
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const promised = [...program.matchAll(/\/\/ (.*)$/gm)].map((comment) => comment[1]);
  expect(promised.length).toBeGreaterThan(0);

  const { outputFiles } = await build({
    stdin: { contents: program, loader: "ts", resolveDir: folder },
    alias: { "@nanoagent/models": path.join(folder, "src/index.ts") },
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module"], {
    input: outputFiles[0]?.text ?? "",
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual(promised);
});

test("the README lists exactly the published JSON Schemas", () => {
  const listed = [...readme.matchAll(/^\| `(.*\.json)` +\|/gm)].map((row) => row[1]);
  expect(listed.sort()).toEqual(readdirSync(path.join(folder, "schemas")).sort());
  expect(readme).toContain(
    "# yaml-language-server: $schema=./node_modules/@nanoagent/models/schemas/nano-agent-config.json",
  );
});
