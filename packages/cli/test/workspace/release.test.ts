import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { repository } from "../run-program.js";

/** Runs `changeset version` with one changeset in a copy of the files it reads, and returns the new versions. */
function versionsAfter(kind: "patch" | "minor", changed: string): Record<string, string> {
  const copy = mkdtempSync(path.join(tmpdir(), "nanoagent-release-"));
  try {
    for (const file of ["package.json", "pnpm-workspace.yaml", ".changeset/config.json"])
      cpSync(path.join(repository, file), path.join(copy, file));
    for (const name of readdirSync(path.join(repository, "packages"))) {
      cpSync(
        path.join(repository, "packages", name, "package.json"),
        path.join(copy, "packages", name, "package.json"),
      );
    }
    writeFileSync(
      path.join(copy, ".changeset/one-change.md"),
      `---\n"@nanoagent/${changed}": ${kind}\n---\n\nOne change.\n`,
    );
    symlinkSync(path.join(repository, "node_modules"), path.join(copy, "node_modules"), "junction");
    execFileSync("git", ["init", "--quiet"], { cwd: copy });
    const bin = path.join(repository, "node_modules/@changesets/cli/bin.js");
    execFileSync(process.execPath, [bin, "version"], { cwd: copy, stdio: "pipe" });
    return Object.fromEntries(
      readdirSync(path.join(copy, "packages")).flatMap((name) => {
        const manifest = JSON.parse(readFileSync(path.join(copy, "packages", name, "package.json"), "utf8"));
        return manifest.private
          ? []
          : [[name, `${manifest.version} ${Object.values(manifest.peerDependencies ?? {}).join(" ")}`.trim()]];
      }),
    );
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const { peerDependencies: peers } = JSON.parse(
  readFileSync(path.join(repository, "packages/runtime/package.json"), "utf8"),
);
const { version } = JSON.parse(readFileSync(path.join(repository, "packages/models/package.json"), "utf8"));
const [major = 0, minor = 0, patch = 0] = String(version).split(".").map(Number);

test.each([
  ["patch", `${major}.${minor}.${patch + 1}`],
  ["minor", `${major}.${minor + 1}.0`],
] as const)("a %s change of one package moves all packages to %s, without changing peer ranges", (kind, next) => {
  for (const changed of ["profiler", "runtime"]) {
    expect(versionsAfter(kind, changed)).toEqual({
      models: next,
      profiler: next,
      optimizer: next,
      hub: next,
      runtime: `${next} ${Object.values(peers).join(" ")}`,
      server: `${next} >=0.1.0 <1`,
      fleet: `${next} >=0.1.0 <1`,
      cli: next,
    });
  }
});
