// Checks the packed packages with publint and arethetypeswrong.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { checkTypes } from "./check-types.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-packages-"));
let failed = false;
const tarballs = [];
try {
  for (const name of readdirSync(path.join(root, "packages"))) {
    const packageFolder = path.join(root, "packages", name);
    const manifest = JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8"));
    if (manifest.private) continue;
    const packed = JSON.parse(
      execFileSync("pnpm", ["pack", "--json", "--pack-destination", folder], { cwd: packageFolder, encoding: "utf8" }),
    );
    if (manifest.exports["."]) tarballs.push(packed.filename);
    check(`publint ${manifest.name}`, "publint", [packed.filename, "--strict"]);
    // A package that is only a program has no types.
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
  checkResolutions();
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failed ? 1 : 0;

/** Folders of TypeScript: this repository's, and those that the variable lists. */
function checkResolutions() {
  const place = path.join(folder, "user");
  mkdirSync(place);
  writeFileSync(path.join(place, "package.json"), JSON.stringify({ name: "user", private: true }));
  const options = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  execFileSync("npm", ["install", ...options, ...tarballs], { cwd: place, stdio: "ignore" });
  const others = (process.env.NANOAGENT_TYPESCRIPTS ?? "").split(path.delimiter).filter(Boolean);
  for (const typescript of [path.join(root, "node_modules/typescript"), ...others]) {
    const { tried, failures } = checkTypes(place, typescript);
    const { version } = JSON.parse(readFileSync(path.join(typescript, "package.json"), "utf8"));
    const result = failures.length === 0 ? "ok    " : "FAILED";
    console.log(`${result} TypeScript ${version} compiles the packages with ${tried} settings`);
    for (const failure of failures) console.log(failure);
    failed ||= failures.length > 0;
  }
}

function check(what, program, commandLine) {
  const { status, stdout, stderr } = spawnSync(path.join(root, "node_modules/.bin", program), commandLine, {
    encoding: "utf8",
  });
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${what}`);
  if (status === 0) return;
  failed = true;
  console.log(stdout, stderr);
}
