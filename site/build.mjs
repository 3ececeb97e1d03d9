// Builds the site into .vitepress/dist. With --dev it serves the pages instead, and shows changes of them at once.
import { cpSync, rmSync, watch } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, createServer } from "vitepress";
import { checkSite } from "./check-site.mjs";
import { navigation } from "./navigation.mjs";
import { stagePages } from "./stage-pages.mjs";
import { writeReference } from "./write-reference.mjs";

const site = path.dirname(fileURLToPath(import.meta.url));
const repository = path.dirname(site);
const pagesFolder = path.join(site, "pages");

rmSync(pagesFolder, { recursive: true, force: true });
stage();
await writeReference(path.join(pagesFolder, "api"));

if (process.argv.includes("--dev")) {
  for (const folder of ["docs", "examples"]) watch(path.join(repository, folder), { recursive: true }, stage);
  const server = await createServer(site);
  await server.listen();
  server.printUrls();
} else {
  await build(site);
  checkSite(path.join(site, ".vitepress/dist"));
}

function stage() {
  const pages = stagePages(repository, pagesFolder);
  cpSync(path.join(site, "index.md"), path.join(pagesFolder, "index.md"));
  const named = navigation.flatMap((group) => Object.keys(group.pages));
  const missing = pages.filter((page) => /^docs\/[^/]+$/.test(page) && !named.includes(page));
  if (missing.length > 0) throw new Error(`site/navigation.mjs does not name ${missing.join(", ")}`);
}
