import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { entryPoints } from "../entry-points.mjs";
import { navigation } from "../navigation.mjs";
import { routeOf, slugOf } from "../stage-pages.mjs";

const pages = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "pages");
const linkTo = (page) =>
  `/${routeOf(page)
    .replace(/(^|\/)index\.md$/, "$1")
    .replace(/\.md$/, "")}`;
const exists = (page) => existsSync(path.join(pages, routeOf(page)));

const sidebar = navigation.map(({ text, pages: named }) => ({
  text,
  items: Object.entries(named).flatMap(([page, title]) => {
    if (page.endsWith("/")) return existsSync(path.join(pages, page)) ? [folderItem(page, title)] : [];
    if (!exists(page)) return [];
    const item = { text: title, link: linkTo(page) };
    return [page === "api/index.md" ? { ...item, collapsed: true, items: reference() } : item];
  }),
}));

/** A folder in the navigation, with its pages and those of the folders in it below. */
function folderItem(folder, text) {
  const found = readdirSync(path.join(pages, folder), { withFileTypes: true }).map(({ name }) =>
    name.endsWith(".md") ? folder + name : `${folder}${name}/README.md`,
  );
  const items = found
    .filter((page) => page !== `${folder}index.md` && exists(page))
    .map((page) => ({ text: titleOf(page), link: linkTo(page) }));
  const own = `${folder}README.md`;
  return { text, collapsed: true, items, ...(exists(own) && { link: linkTo(own) }) };
}

function titleOf(page) {
  const [, title = page] = /^# (.*)$/m.exec(readFileSync(path.join(pages, routeOf(page)), "utf8")) ?? [];
  return title.replaceAll("`", "");
}

function reference() {
  return Object.keys(entryPoints).map((name) => ({ text: name.replace("@nanoagent/", ""), link: `/api/${name}` }));
}

export default {
  title: "nanoagent",
  description: "The agent runtime for small computers",
  lang: "en-US",
  srcDir: "pages",
  cleanUrls: false,
  // A changed date on every page would make every build differ.
  lastUpdated: false,
  head: [["link", { rel: "icon", href: "data:," }]],
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: "github-light", dark: "github-dark" },
  },
  // The pages of the API reference and the index of the search are large.
  vite: { build: { chunkSizeWarningLimit: 2048 } },
  themeConfig: {
    nav: [
      { text: "Guide", link: "/overview" },
      { text: "Reference", link: "/docs/config" },
      { text: "API", link: "/api/" },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    docFooter: { prev: "Previous", next: "Next" },
  },
};
