// Looks at the packed packages as a registry and its users would: publint, and are the types wrong.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-packages-"));
let failed = false;
try {
  for (const name of readdirSync(path.join(root, "packages"))) {
    const packageFolder = path.join(root, "packages", name);
    const manifest = JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8"));
    if (manifest.private) continue;
    const packed = JSON.parse(
      execFileSync("pnpm", ["pack", "--json", "--pack-destination", folder], { cwd: packageFolder, encoding: "utf8" }),
    );
    check(`publint ${manifest.name}`, "publint", [packed.filename, "--strict"]);
    // A package that is only a program has no types to be wrong.
    if (manifest.exports["."])
      check(`attw ${manifest.name}`, "attw", [
        packed.filename,
        "--profile",
        "esm-only",
        "--format",
        "ascii",
        "--no-emoji",
      ]);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failed ? 1 : 0;

function check(what, program, commandLine) {
  const { status, stdout, stderr } = spawnSync(path.join(root, "node_modules/.bin", program), commandLine, {
    encoding: "utf8",
  });
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${what}`);
  if (status === 0) return;
  failed = true;
  console.log(stdout, stderr);
}
