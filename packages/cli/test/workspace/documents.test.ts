import { access, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../run-program.js";
import { countWords, readBlocks } from "./document-blocks.js";
import { codeBlocks, DocumentRunner } from "./document-runner.js";
import { closePageHub, PageRunner, readOptions } from "./page-runner.js";

/** Pages that a script writes; their tests are beside it. */
const GENERATED = ["config.md", "command-line.md", "troubleshooting.md"];
const PACKAGES = ["models", "profiler", "optimizer", "hub", "runtime", "server", "fleet"];
/** About one screen. */
const MAX_PACKAGE_README_LINES = 75;

let documents: DocumentRunner;
beforeAll(async () => {
  documents = await DocumentRunner.open();
});
afterAll(async () => {
  await closePageHub();
  await documents.close();
});

const folder = await readdir(path.join(repository, "docs"), { recursive: true });
const written = folder
  .filter((name) => name.endsWith(".md") && !GENERATED.includes(name))
  .map((name) => `docs/${name}`);
const pages = ["README.md", "SECURITY.md", "packages/cli/README.md", ...written];
const read = (file: string) => readFile(path.join(repository, file), "utf8");

function withoutCode(document: string): string {
  return document.replace(/^( *)(`{3,}).*?^\1\2$/gms, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(document: string): string[] {
  return [...withoutCode(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("pages", () => {
  test.each(pages)("%s: its blocks do what they say", { timeout: 60_000 }, async (page) => {
    const blocks = await readBlocks(page);
    if (blocks.length === 0) return;
    const runner = await PageRunner.open(documents);
    try {
      for (const block of blocks) {
        await runner.run(block).catch((error) => {
          error.message = `${page}:${block.line}: ${error.message}`;
          throw error;
        });
      }
    } finally {
      await runner.close();
    }
  });

  test.each([...pages, ...PACKAGES.map((name) => `packages/${name}/README.md`), "packages/bench/README.md"])(
    "%s: its links lead to files",
    async (page) => {
      const text = withoutCode(await read(page));
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
      for (const [link, file = "", anchor] of links) {
        if (GENERATED.includes(path.basename(file))) continue;
        const target = file === "" ? page : path.join(path.dirname(page), file);
        await expect(access(path.join(repository, target)), link).resolves.toBeUndefined();
        if (anchor !== undefined) expect(anchorsOf(await read(target)), link).toContain(anchor);
      }
    },
  );

  test("commands have the options that they are shown with", async () => {
    const options = await readOptions();
    for (const page of [...pages, "examples/README.md"]) {
      for (const { language, text, line } of await readBlocks(page)) {
        if (language !== "sh" && language !== "console") continue;
        for (const [, command = "", rest = ""] of text.matchAll(/(?:^|[|;&] *|\$ )nanoagent (\w+)([^\n|;#]*)/gm)) {
          if (command === "help") continue;
          expect([...options.keys()], `${page}:${line}`).toContain(command);
          const unquoted = rest.replace(/"[^"]*"|'[^']*'/g, "");
          for (const [option] of unquoted.matchAll(/(?<=\s)--[a-z-]+/g)) {
            expect(options.get(command), `${page}:${line}: ${command}`).toContain(option);
          }
        }
      }
    }
  });
});

describe("README", () => {
  test("has at most 700 words", async () => {
    expect(countWords(await read("README.md"))).toBeLessThanOrEqual(700);
  });
});

describe("docs", () => {
  test("the table of pages names each one", async () => {
    const table = await read("docs/README.md");
    for (const page of written.filter((name) => name !== "docs/README.md")) {
      expect(table).toContain(`(${page.slice("docs/".length)})`);
    }
  });

  test("the program in embedding.md is the example's", async () => {
    const [code] = await codeBlocks("docs/embedding.md", "ts");
    expect(code).toBe(await read("examples/embed/src/main.ts"));
  });

  test("the parts of the budget's picture add up", async () => {
    const picture = await read("docs/images/budget.svg");
    const open: string[] = [];
    for (const [, closes, name = "", empty] of picture.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (closes) expect(open.pop()).toBe(name);
      else if (!empty) open.push(name);
    }
    expect(open).toEqual([]);
    expect(picture).toMatch(/<title id="title">.+<\/title>\n<desc id="description">.+<\/desc>/);
    const bars = [...picture.matchAll(/<g id="\w+" data-budget-mb="(\d+)">(.*?)<\/g>/gs)];
    expect(bars).toHaveLength(2);
    for (const [, budget, parts = ""] of bars) {
      const sum = [...parts.matchAll(/data-mb="([\d.]+)"/g)].reduce((total, [, mb]) => total + Number(mb), 0);
      expect(sum).toBeCloseTo(Number(budget), 0);
    }
  });
});

describe("READMEs of packages", () => {
  test.each(PACKAGES)("the programs in that of %s run, and print what they say", async (name) => {
    const programs = await codeBlocks(`packages/${name}/README.md`, "ts");
    expect(programs.length).toBeGreaterThan(0);
    for (const code of programs) {
      const said = [...code.matchAll(/(?:^|\s)\/\/ (.*)$/gm)].map(([, comment]) => comment);
      const printed = (await documents.runTypeScript(code)).trimEnd().split("\n");
      // The output of a profile depends on the machine.
      if (name !== "profiler" && said.length > 0) expect(printed).toEqual(said);
    }
  });

  test.each([...PACKAGES, "cli", "bench"])("that of %s is one screen", async (name) => {
    const lines = (await read(`packages/${name}/README.md`)).split("\n");
    expect(lines.length).toBeLessThanOrEqual(MAX_PACKAGE_README_LINES);
  });
});
