import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";
import { entryPoints } from "./entry-points.mjs";

/** TypeDoc's name for a parameter that a function takes apart. */
const UNNAMED = /__namedParameters|\\_\\_namedParameters/g;
const site = path.dirname(fileURLToPath(import.meta.url));

/**
 * Writes the API reference as Markdown pages into a folder, one page an entry point. Throws when the doc comments of the
 * sources cause a warning.
 */
export async function writeReference(folder) {
  const application = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    entryPoints: writeEntries(path.join(site, "pages/entries")),
    tsconfig: path.join(site, "tsconfig.json"),
    readme: "none",
    name: "API",
    out: folder,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    disableSources: true,
    validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: false },
    treatWarningsAsErrors: true,
    outputFileStrategy: "modules",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    hideGroupHeadings: true,
    useCodeBlocks: true,
    expandObjects: true,
    parametersFormat: "list",
    propertiesFormat: "list",
    interfacePropertiesFormat: "list",
    classPropertiesFormat: "list",
    typeAliasPropertiesFormat: "list",
    enumMembersFormat: "list",
    entryFileName: "index",
  });
  const project = await application.convert();
  if (project === undefined) throw new Error("The sources have type errors");
  application.validate(project);
  await application.generateOutputs(project);
  if (application.logger.hasErrors() || application.logger.hasWarnings()) {
    throw new Error("Doc comments of the sources cause warnings; see above");
  }
  for (const file of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".md"))) {
    const text = readFileSync(path.join(folder, file), "utf8");
    writeFileSync(path.join(folder, file), `---\noutline: 2\n---\n\n${text.replaceAll(UNNAMED, "options")}`);
  }
}

/** Writes a file for each entry point that has its name, and returns their paths. */
function writeEntries(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return Object.entries(entryPoints).map(([name, source]) => {
    const file = path.join(folder, `${name.replace("@nanoagent/", "").replaceAll("/", "-")}.ts`);
    const target = path.relative(folder, path.join(site, "..", source)).replace(/\.ts$/, ".js");
    writeFileSync(file, `/** @module ${name} */\nexport * from "${target}";\n`);
    return file;
  });
}
