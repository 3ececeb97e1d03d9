import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Folders whose Markdown files and images are pages of the site. */
const folders = ["docs", "examples", "packages"];
/** Files of the root that are pages. */
const rootPages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

/**
 * Copies the pages of the repository into a folder. A link to another page stays a link, a link to a file that is not a
 * page becomes its path in plain text, and a link to nothing, or to a heading that a page does not have, is an error.
 * Returns the paths of the pages.
 */
export function stagePages(repository, folder) {
  const files = [
    ...rootPages.filter((file) => existsSync(path.join(repository, file))),
    ...folders.flatMap((name) => filesBelow(repository, name)),
  ];
  const texts = files
    .filter((file) => file.endsWith(".md"))
    .map((page) => [page, readFileSync(path.join(repository, page), "utf8")]);
  const pages = new Map(texts.map(([page, text]) => [page, headingsOf(text)]));
  const images = files.filter((file) => /\.(svg|png|jpg)$/.test(file));
  const dead = [];
  for (const [page, text] of texts) {
    const staged = outsideCode(text, (part) => rewriteLinks(part, { page, repository, pages, images, dead }));
    write(path.join(folder, routeOf(page)), staged);
  }
  for (const image of images) {
    // Vite takes the images of Markdown from beside the page, and those of HTML from the folder that is copied as it is.
    for (const place of ["", "public"]) cpSync(path.join(repository, image), path.join(folder, place, image));
  }
  if (dead.length > 0) throw new Error(`Links to nothing:\n${dead.map((link) => `  ${link}`).join("\n")}`);
  return [...pages.keys()];
}

/** The anchor of a heading, as GitHub makes it. The site uses the same. */
export function slugOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "")
    .replaceAll(" ", "-");
}

/** Anchors of all headings of a text. One that occurs again has a number. */
function headingsOf(text) {
  const counts = new Map();
  const anchors = new Set();
  for (const [, heading] of text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = slugOf(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

/** The path of a page in the site. The page of a folder is its index, and the README of the root is beside the home page. */
export function routeOf(page) {
  if (page === "README.md") return "overview.md";
  return page.replace(/(^|\/)README\.md$/, "$1index.md");
}

function filesBelow(repository, folder) {
  return readdirSync(path.join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      return /^(node_modules|dist|src|test|state)$/.test(entry.name) ? [] : filesBelow(repository, file);
    }
    return /\.(md|svg|png|jpg)$/.test(entry.name) && entry.name !== "SKILL.md" ? [file] : [];
  });
}

function rewriteLinks(text, { page, repository, pages, images, dead }) {
  return text.replace(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (whole, isImage, label, target) => {
    if (/^[a-z]+:/.test(target)) return whole;
    const [file = "", anchor] = target.split("#");
    const found =
      file === "" ? page : path.posix.normalize(path.posix.join(path.posix.dirname(page), file)).replace(/\/$/, "");
    const readme = found === "." ? "README.md" : `${found}/README.md`;
    const linked = pages.has(found) ? found : pages.has(readme) ? readme : null;
    if (linked !== null && anchor !== undefined && !pages.get(linked).has(anchor)) dead.push(`${page}: ${target}`);
    if (file === "") return whole;
    if (linked !== null) return `[${label}](/${routeOf(linked)}${anchor === undefined ? "" : `#${anchor}`})`;
    if (isImage && images.includes(found)) return whole;
    if (!existsSync(path.join(repository, found))) {
      dead.push(`${page}: ${target}`);
      return whole;
    }
    // A source file is not part of the site.
    const place = `\`${found}${statSync(path.join(repository, found)).isDirectory() ? "/" : ""}\``;
    return label.replaceAll("`", "") === found || label === place ? place : `${label} (${place})`;
  });
}

/** Applies a change to a Markdown text, but not to its code. */
function outsideCode(text, change) {
  return text
    .split(/(^```[\s\S]*?^```$|``.*?``|`[^`\n]*`(?!\]))/m)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join("");
}

function write(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}
