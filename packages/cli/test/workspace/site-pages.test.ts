import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { repository } from "../run-program.js";

const load = async (file: string) => import(pathToFileURL(path.join(repository, "site", file)).href);

// `pnpm site` builds the pages; this part of it needs no tool, and says here already what would fail there.
test("every link between documents leads to a page or a heading that exists", async () => {
  const { stagePages } = await load("stage-pages.mjs");
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-pages-"));
  expect(stagePages(repository, folder)).toContain("docs/config.md");
  rmSync(folder, { recursive: true });
});

test("the navigation of the site names every page of docs", async () => {
  const { navigation } = await load("navigation.mjs");
  const named = navigation.flatMap(({ pages }: { pages: object }) => Object.keys(pages));
  const pages = readdirSync(path.join(repository, "docs")).filter((file) => file.endsWith(".md"));
  expect(pages.filter((file) => !named.includes(`docs/${file}`))).toEqual([]);
});

test("the API reference has every entry point that is published with types", async () => {
  const { entryPoints } = await load("entry-points.mjs");
  const published = ["models", "profiler", "optimizer", "hub", "runtime", "server", "fleet"].flatMap((name) => {
    const manifest = JSON.parse(readFileSync(path.join(repository, "packages", name, "package.json"), "utf8"));
    const targets = Object.entries<{ types?: string }>(manifest.publishConfig.exports);
    return targets.flatMap(([key, { types }]) => (types === undefined ? [] : [path.posix.join(manifest.name, key)]));
  });
  expect(Object.keys(entryPoints).sort()).toEqual(published.sort());
});
