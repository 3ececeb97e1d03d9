// Gets a fresh clone ready with nothing but Node and npm: the pinned pnpm by npx, packages from the lockfile, and the
// build. What it did last time is remembered in a stamp that is written after success only, so a second run is quick.
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
  process.stderr.write(`This needs Node ${needed}, and this is Node ${process.versions.node}.\n`);
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

/** Changes when what is to be installed changes. */
function installDigest() {
  const manifests = workspaceFolders().map((folder) => path.join(folder, "package.json"));
  return digest(
    ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests].filter((file) =>
      existsSync(path.join(root, file)),
    ),
  );
}

/** Changes when a source or a build setting changes, or when a build result is gone. */
function buildDigest() {
  const packages = workspaceFolders().filter((folder) => existsSync(path.join(root, folder, "tsup.config.ts")));
  if (packages.some((folder) => !existsSync(path.join(root, folder, "dist")))) return "incomplete";
  return digest([
    "tsconfig.base.json",
    "scripts/tsup.base.ts",
    "scripts/group-chunks.ts",
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

/** The tools' own output goes to stderr, and stdin is left alone for the program that comes after. */
function run(what, pnpmArguments) {
  process.stderr.write(`${what}…\n`);
  const windows = process.platform === "win32";
  const result = spawnSync(windows ? "npx.cmd" : "npx", ["--yes", packageManager, ...pnpmArguments], {
    cwd: root,
    stdio: ["ignore", process.stderr, process.stderr],
    shell: windows,
  });
  if (result.status === 0) return;
  const reason = result.error?.message ?? `it ended with ${result.signal ?? `exit code ${result.status}`}`;
  process.stderr.write(`${what} failed: ${reason}. Is the package registry within reach?\n`);
  process.exit(1);
}
