// Bundles the page of packages/server/page and writes it into the sources of the server, as a module of four texts.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const server = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "packages/server");
const page = path.join(server, "page");
const target = path.join(server, "src/page/page-files.ts");

/** Browsers of the last years, such as those of Debian 12 and of tablets that are five years old. */
const browsers = ["chrome96", "firefox91", "safari15.4"];
/** Short enough for a terminal that shows the published file. */
const lineLimit = 1000;

const { outputFiles } = await build({
  entryPoints: [path.join(page, "main.ts")],
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: browsers,
  charset: "utf8",
  lineLimit,
  legalComments: "none",
});
const style = await transform(await readFile(path.join(page, "style.css"), "utf8"), {
  loader: "css",
  minify: true,
  target: browsers,
  charset: "utf8",
  lineLimit,
});
const files = {
  html: withoutIndent(await readFile(path.join(page, "index.html"), "utf8")),
  script: outputFiles[0].text,
  style: withShortNames(style.code),
  icon: withoutIndent(await readFile(path.join(page, "icon.svg"), "utf8")),
};

const text = [
  "// Generated from packages/server/page by scripts/bundle-page.mjs.",
  "",
  "/** The files of the page that a browser loads. */",
  "export const pageFiles = {",
  ...Object.entries(files).map(([name, content]) => `  ${name}: ${joinedLines(content)},`),
  "};",
  "",
].join("\n");
// An unchanged file keeps its time, so that watching programs do not start again.
if ((await readFile(target, "utf8").catch(() => null)) !== text) await writeFile(target, text);

const bytes = Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
process.stdout.write(`Page: ${(bytes / 1024).toFixed(1)} KB in ${Object.keys(files).length} files\n`);

/** `--surface` → `--c`, in a style sheet whose variables no script uses. */
function withShortNames(css) {
  const names = [...new Set(css.match(/--[a-z][a-z-]*/g))];
  return css.replace(/--[a-z][a-z-]*(: )?/g, (found, colon = "") => {
    const name = `--${names.indexOf(found.replace(": ", "")).toString(36)}`;
    return colon === "" ? name : `${name}:`;
  });
}

function withoutIndent(markup) {
  return `${markup
    .replace(/<!-- .*? -->/gs, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n")}\n`;
}

/** Lines that stay lines in the built package, which a terminal can show. */
function joinedLines(content) {
  return `[\n${content
    .split("\n")
    .map((line) => `    ${JSON.stringify(line)},\n`)
    .join("")}  ].join("\\n")`;
}
