import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const fixtures = path.join(path.dirname(fileURLToPath(import.meta.url)), "fixtures");

/** Versions whose files are kept. */
export const versions = readdirSync(fixtures).filter((name) => /^\d+\.\d+\.\d+$/.test(name));

export function fixturesOf(version: string): string {
  return path.join(fixtures, version);
}

/** Copies the files of a version into a folder that is removed after the test, with the permissions that they had. */
export function copyFixtures(version: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-upgrade-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(fixturesOf(version), folder, { recursive: true });
  for (const file of filesIn(folder)) chmodSync(file, 0o600);
  chmodSync(path.join(folder, "session"), 0o700);
  return folder;
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return entries.map((name) => path.join(folder, name)).filter((file) => statSync(file).isFile());
}

/** Returns the names and hashes of all files in a folder. */
export function hashesIn(folder: string): Record<string, string> {
  const hash = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
  return Object.fromEntries(filesIn(folder).map((file) => [path.relative(folder, file), hash(file)]));
}
