// Adds 20 stamps, one by one. Usage: node write-stamps.mjs FILE PREFIX
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [, , stampsFile, prefix] = process.argv;
const folder = path.dirname(fileURLToPath(import.meta.url));
const { outputFiles } = await build({
  entryPoints: [path.join(folder, "../../src/store/stamps.ts")],
  bundle: true,
  write: false,
  conditions: ["@nanoagent/source"],
  format: "esm",
  platform: "node",
});
const code = Buffer.from(outputFiles[0].contents).toString("base64");
const { updateStamps, withStamp } = await import(`data:text/javascript;base64,${code}`);
for (let number = 0; number < 20; number += 1) {
  const name = `${prefix}${number}`;
  const { notices } = await updateStamps({ stampsFile }, (stamps) =>
    withStamp(stamps, {
      name,
      path: `/models/${name}.gguf`,
      bytes: 1,
      mtime_ms: 1,
      sha256: "b".repeat(64),
      source: "import",
      repository: null,
      revision: null,
      quantization: null,
      license: null,
      verified_at: "",
      own: false,
    }),
  );
  if (notices.length > 0) process.exitCode = 1;
}
