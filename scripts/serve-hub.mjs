// Serves GGUF files as a mirror of Hugging Face's hub on this machine, to try `nanoagent models` without a network.
//
//   node scripts/serve-hub.mjs org/repo/model-Q4_K_M.gguf=/path/to/file.gguf …
//
// Prints the address for HF_ENDPOINT, and serves until Ctrl-C.
import { startHubMirror } from "../packages/hub/dist/testing.js";

const repositories = {};
for (const argument of process.argv.slice(2)) {
  const [, repository, name, file] = /^([^/]+\/[^/]+)\/(.+?)=(.+)$/.exec(argument) ?? [];
  if (file === undefined) {
    process.stderr.write("usage: node scripts/serve-hub.mjs ORG/REPO/NAME.gguf=FILE …\n");
    process.exit(2);
  }
  repositories[repository] ??= { files: {}, license: "apache-2.0" };
  repositories[repository].files[name] = file;
}
const mirror = await startHubMirror({ repositories });
process.stdout.write(`export HF_ENDPOINT=${mirror.url}\n`);
process.on("SIGINT", () => mirror.close()).on("SIGTERM", () => mirror.close());
