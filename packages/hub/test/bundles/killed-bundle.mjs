// Imports a bundle, or exports org/tiny-GGUF, and kills itself at the first bytes. Usage: node killed-bundle.mjs
// import|export FILE HOME
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [, , work, file, home] = process.argv;
const source = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../src");
const program = `
  export { exportModel } from "./bundles/export-model.ts";
  export { importModel } from "./bundles/import-model.ts";
  export { readHubEnvironment } from "./environment/hub-environment.ts";
`;
const outfile = path.join(home, "killed-bundle.mjs");
await build({
  stdin: { contents: program, resolveDir: source, loader: "ts" },
  bundle: true,
  outfile,
  conditions: ["@nanoagent/source"],
  external: ["@nanoagent/optimizer"],
  format: "esm",
  platform: "node",
});
const { exportModel, importModel, readHubEnvironment } = await import(outfile);
const environment = readHubEnvironment({}, { home });
const onProgress = () => process.kill(process.pid, "SIGKILL");
if (work === "import") await importModel(file, environment, { onProgress });
else await exportModel("org/tiny-GGUF", environment, { output: file, onProgress });
