import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { readConfig } from "@nanoagent/runtime/node";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { repository } from "../run-program.js";
import { writeCommandLine } from "./command-line.js";
import { writeConfig } from "./config.js";
import { environmentVariables, internalVariables, variablesForTools } from "./environment-variables.js";
import { errorTopics } from "./error-table.js";
import { findErrorCodes } from "./find-error-codes.js";
import { writeTroubleshooting } from "./troubleshooting.js";

const packagesFolder = path.join(repository, "packages");
const packages = ["models", "profiler", "optimizer", "hub", "runtime", "server", "fleet", "cli"];

// `pnpm generate` runs these tests with -u, which writes the pages.
test.each([
  ["config", writeConfig],
  ["command-line", writeCommandLine],
  ["troubleshooting", writeTroubleshooting],
])("docs/%s.md is up to date", async (name, write) => {
  await expect(await write()).toMatchFileSnapshot(path.join(repository, "docs", `${name}.md`));
});

test("every config in docs/config.md is valid", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-configs-"));
  const blocks = [...writeConfig().matchAll(/^```yaml\n(.*?)^```$/gms)];
  for (const [index, [, text = ""]] of blocks.entries()) {
    const file = path.join(folder, `${index}.yaml`);
    await writeFile(file, text);
    await expect(readConfig(file, { environment: {} }), text).resolves.toBeDefined();
  }
  await rm(folder, { recursive: true });
  expect(blocks.length).toBeGreaterThan(10);
});

test("docs/command-line.md has every environment variable that the sources name", () => {
  const named = packages.flatMap((name) => findVariables(path.join(packagesFolder, name, "src")));
  const known = [environmentVariables, variablesForTools].flatMap((variables) => Object.keys(variables));
  expect([...new Set(named)].filter((name) => ![...known, ...internalVariables].includes(name))).toEqual([]);
});

describe("the error table", () => {
  const rows = errorTopics.flatMap((topic) => topic.rows);
  const found = findErrorCodes(packagesFolder, packages);

  test("has a row for every code in the sources, and a code for every row", () => {
    expect(rows.map(({ code }) => code).sort()).toEqual([...found.keys()].sort());
  });

  test("shows messages as the sources have them", () => {
    const texts = packages.flatMap((name) => readTexts(path.join(packagesFolder, name, "src")));
    const everything = texts.join("\n");
    const stale = rows.flatMap(({ code, message }) =>
      message
        .split(/\{[^{}]*\}/)
        .filter((fragment) => fragment.trim().length > 3 && !everything.includes(fragment))
        .map((fragment) => ({ code, fragment })),
    );
    expect(stale).toEqual([]);
  });
});

/** Literal texts of every file, joined: a message may be put together from several. */
function readTexts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => {
      const texts: string[] = [];
      const visit = (node: ts.Node): void => {
        if (ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) texts.push(node.text);
        ts.forEachChild(node, visit);
      };
      visit(ts.createSourceFile(file, readFileSync(path.join(folder, file), "utf8"), ts.ScriptTarget.Latest, true));
      return texts.join("");
    });
}

/** Names after `env.` and `environment.`, in objects that are taken apart from these, and those that begin with NANOAGENT. */
function findVariables(folder: string): string[] {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return sources.flatMap((file) => {
    const text = readFileSync(path.join(folder, file), "utf8").replace(/^\s*(?:\/\/|\/?\*).*$/gm, "");
    const read = [...text.matchAll(/\b(?:env|environment)\??\.([A-Z][A-Z_]{2,})\b/g)].map(([, name]) => name);
    const taken = [
      ...text.matchAll(/\{([^{}]*)\}(?:: NodeJS\.ProcessEnv)?(?: =|\)).*\b(?:env|environment|ProcessEnv)\b/gi),
    ];
    const own = [...text.matchAll(/["`'](NANOAGENT_[A-Z_]*[A-Z])\b/g)].map(([, name]) => name);
    const names = taken.flatMap(([, inner = ""]) => inner.match(/\b[A-Z][A-Z_]{2,}\b/g) ?? []);
    return [...read, ...names, ...own].filter((name) => name !== undefined);
  });
}
