import { existsSync } from "node:fs";
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

const sidebar = navigation.map(({ text, pages: named }) => ({
  text,
  items: Object.entries(named)
    .filter(([page]) => existsSync(path.join(pages, routeOf(page))))
    .map(([page, title]) => ({
      text: title,
      link: linkTo(page),
      ...(page === "api/index.md" && { collapsed: true, items: reference() }),
    })),
}));

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
    languageAlias: { console: "sh" },
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
