// Prepares a fresh clone with only Node and npm: runs the pinned pnpm through npx, installs packages from the lockfile,
// and builds. A stamp that is written after success makes the next run fast.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stampFile = path.join(root, "node_modules", ".nanoagent-bootstrap.json");
const { packageManager, engines } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

if (!satisfies(process.versions.node, engines.node)) {
  const needed = engines.node
    .replace(/\^(\d+)\.(\d+)\.0/, "$1.$2 or a newer $1")
    .replace(/ \|\| >=(\d+\.\d+)\.0/, ", or $1 or newer");
  process.stderr.write(`Node ${needed} is required. This is Node ${process.versions.node}.\n`);
  process.stderr.write("Install Node 22, 24 or 26, then run the same command again.\n");
  process.exit(1);
}

const done = readStamp();
const mustInstall = done.install !== installDigest();

if (mustInstall) run("Installing packages", ["install", "--frozen-lockfile"]);
if (mustInstall || done.build !== buildDigest()) run("Building", ["run", "build"]);
mkdirSync(path.dirname(stampFile), { recursive: true });
writeFileSync(stampFile, JSON.stringify({ install: installDigest(), build: buildDigest() }));

/** Whether a version is in a range such as `^20.19.0 || >=22.12.0`. */
function satisfies(version, range) {
  const [major, minor] = version.split(".").map(Number);
  return range.split("||").some((part) => {
    const [, operator, oldestMajor, oldestMinor] = /^\s*(\^|>=)(\d+)\.(\d+)/.exec(part);
    if (major === Number(oldestMajor)) return minor >= Number(oldestMinor);
    return operator === ">=" && major > Number(oldestMajor);
  });
}

/** Digest of the files that determine what is installed. */
function installDigest() {
  const manifests = workspaceFolders().map((folder) => path.join(folder, "package.json"));
  return digest(
    ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests].filter((file) =>
      existsSync(path.join(root, file)),
    ),
  );
}

/** Digest of sources and build settings. "incomplete" if a build result is missing. */
function buildDigest() {
  const packages = workspaceFolders().filter((folder) => existsSync(path.join(root, folder, "tsup.config.ts")));
  if (packages.some((folder) => !existsSync(path.join(root, folder, "dist")))) return "incomplete";
  return digest([
    "tsconfig.base.json",
    "scripts/tsup.base.ts",
    "scripts/group-chunks.ts",
    "scripts/bundle-page.mjs",
    ...filesBelow("packages/server/page"),
    "packages/models/schemas/nano-agent-config.json",
    ...packages.flatMap((folder) => [path.join(folder, "tsup.config.ts"), ...filesBelow(path.join(folder, "src"))]),
  ]);
}

function workspaceFolders() {
  return ["packages", "examples"].flatMap((parent) =>
    readdirSync(path.join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(path.join(root, parent, entry.name, "package.json")))
      .map((entry) => path.join(parent, entry.name)),
  );
}

function filesBelow(folder) {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function digest(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return {};
  }
}

/** Runs pnpm. Its output goes to stderr, and stdin is left for the program that runs next. */
function run(what, pnpmArguments) {
  process.stderr.write(`${what}…\n`);
  const windows = process.platform === "win32";
  const result = spawnSync(windows ? "npx.cmd" : "npx", ["--yes", packageManager, ...pnpmArguments], {
    cwd: root,
    stdio: ["ignore", process.stderr, process.stderr],
    shell: windows,
  });
  if (result.status === 0) return;
  const reason = result.error?.message ?? `pnpm ended with ${result.signal ?? `exit code ${result.status}`}`;
  process.stderr.write(`${what} failed: ${reason}. Check the output above, and that the registry is reachable.\n`);
  process.exit(1);
}
