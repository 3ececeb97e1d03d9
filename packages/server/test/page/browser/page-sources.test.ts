import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { pageFiles } from "../../../src/page/page-files.js";

const folder = path.join(import.meta.dirname, "../../../page");

/** Everything that makes elements, code or styles of a text. */
const FORBIDDEN =
  /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function|\.style\b|srcdoc|setHTML|importScripts/;

async function readSources(): Promise<[name: string, text: string][]> {
  const names = await readdir(folder, { recursive: true });
  const sources = names.filter((name) => /\.(ts|html|css)$/.test(name)).sort();
  return Promise.all(
    sources.map(async (name) => [name, await readFile(path.join(folder, name), "utf8")] as const),
  ) as never;
}

describe("the sources of the page", () => {
  test("make elements from text nodes alone", async () => {
    const sources = await readSources();
    expect(sources.length).toBeGreaterThan(20);
    for (const [name, text] of sources) expect(text, name).not.toMatch(FORBIDDEN);
    expect(pageFiles.script).not.toMatch(FORBIDDEN);
  });

  test("have no inline styles and scripts, and load nothing from elsewhere", () => {
    const { html, style } = pageFiles;
    expect(html).not.toMatch(/\sstyle=|\son\w+=|<style|<script(?![^>]+src="\/page\/page\.js")/);
    expect([...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address).sort()).toEqual([
      "/page/icon.svg",
      "/page/page.css",
      "/page/page.js",
    ]);
    expect(style).not.toMatch(/url\(|@import/);
  });

  test("have at most 400 lines a file", async () => {
    const sources = (await readSources()).filter(([name]) => name.endsWith(".ts"));
    for (const [name, text] of sources) expect(text.split("\n").length, name).toBeLessThanOrEqual(401);
  });
});

test("the files of the page are small", () => {
  const bytes = Object.values(pageFiles).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  // A phone at the edge of a network, and the memory of the service, hold all of them. 45 instead of 44, because pages
  // tell each other of a wrong key.
  expect(bytes / 1024).toBeLessThan(45);
});
