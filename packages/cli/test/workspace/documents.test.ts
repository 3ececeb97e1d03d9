import { readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { readConfig } from "@nanoagent/runtime/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../run-program.js";
import { codeBlocks, DocumentRunner } from "./document-runner.js";

let documents: DocumentRunner;
let folder: string;
beforeAll(async () => {
  documents = await DocumentRunner.open();
  folder = documents.folder;
});
afterAll(() => documents.close());

describe("README", () => {
  test("shows the real output of every command", async () => {
    await writeFile(
      path.join(folder, "too-large.yaml"),
      "spec: {name: a, max_memory_mb: 512}\ndevice: {auto: true, memory_mb: 128}\n",
    );
    await writeFile(path.join(folder, "typo.yaml"), "# a typo\nspec:\n  name: a\n  max_memry_mb: 5\n");
    await writeFile(path.join(folder, "llama-7b.bin"), "");
    await truncate(path.join(folder, "llama-7b.bin"), 7000 * 2 ** 20);
    expect(await documents.runCommands("README.md", folder)).toBeGreaterThan(6);
  });

  test("has the program of the example, which runs", async () => {
    const [code] = await codeBlocks("README.md", "ts");
    expect(code).toBe(await readFile(path.join(repository, "examples/embed/src/main.ts"), "utf8"));
    const printed = await documents.runTypeScript(code ?? "");
    expect(printed.split("\n")[0]).toBe("Hello from greenhouse! How can I assist?");
  });

  test("has the units of the example", async () => {
    const units = await codeBlocks("README.md", "ini");
    for (const [index, name] of ["nanoagent.socket", "nanoagent.service"].entries()) {
      expect(units[index]?.replace(/^# .*\n/, "")).toBe(
        await readFile(path.join(repository, "examples/service", name), "utf8"),
      );
    }
  });

  test("has only valid configs", async () => {
    const configs = await codeBlocks("README.md", "yaml");
    expect(configs).toHaveLength(1);
    for (const config of configs) {
      await writeFile(path.join(folder, "documented.yaml"), config);
      await expect(readConfig(path.join(folder, "documented.yaml"))).resolves.toBeDefined();
    }
  });
});

test.each(["models", "profiler", "optimizer", "runtime"])(
  "the programs in the README of %s run and print the output shown",
  async (name) => {
    const programs = await codeBlocks(`packages/${name}/README.md`, "ts");
    expect(programs.length).toBeGreaterThan(0);
    for (const code of programs) {
      const said = [...code.matchAll(/(?:^|\s)\/\/ (.*)$/gm)].map(([, comment]) => comment);
      // The output is the same with a shorter time.
      const quick = code.replace("measureDevice({", "measureDevice({ seconds: 1,").replace("10_000", "500");
      const printed = (await documents.runTypeScript(quick)).trimEnd().split("\n");
      // The output of a profile depends on the machine.
      if (name !== "profiler" && said.length > 0) expect(printed).toEqual(said);
    }
  },
);
