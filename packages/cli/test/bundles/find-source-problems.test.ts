import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { findSessionInside, findSmokeProblems } from "../../src/bundles/find-source-problems.js";
import { CheckReport } from "../../src/check/check-report.js";
import { checkSession } from "../../src/check/check-session.js";
import { SMOKE } from "./update-folder.js";

const makeFolder = () => mkdtemp(path.join(tmpdir(), "nanoagent-source-"));

test("smoke questions that cannot be used are named without the folder", async () => {
  const folder = await makeFolder();
  expect(await findSmokeProblems(folder)).toEqual([]);
  await writeFile(path.join(folder, "smoke.yaml"), SMOKE);
  expect(await findSmokeProblems(folder)).toEqual([]);
  for (const text of ["", "name: [", `${SMOKE}colour: red\n`]) {
    await writeFile(path.join(folder, "smoke.yaml"), text);
    const problems = (await findSmokeProblems(folder)).join(" ");
    expect(problems).toMatch(/smoke\.yaml.*[.!?]$/);
    expect(problems).not.toContain(folder);
    expect(problems).not.toContain("docs/");
  }
});

test.each([
  ["../session", null],
  ["session", "session"],
  ["./a/../b", "./a/../b"],
  [`\${STATE}/session`, null],
  ["/var/lib/kiosk", null],
])("session.dir %s", async (dir, found) => {
  const folder = await makeFolder();
  await writeFile(path.join(folder, "agent.yaml"), `session: { dir: "${dir}" }\n`);
  expect(await findSessionInside(folder)).toBe(found);
});

test("check warns of a session in a release", async () => {
  const root = await makeFolder();
  await mkdir(path.join(root, "releases"));
  const file = path.join(root, "current", "agent.yaml");
  const codesFor = async (dir: string) => {
    const report = new CheckReport(file, null);
    await checkSession(report, { session: { dir } } as never);
    return report.issues.map(({ severity, code }) => `${severity} ${code}`);
  };
  expect(await codesFor(path.join(root, "current", "session"))).toEqual(["warning session-in-release"]);
  expect(await codesFor(path.join(root, "session"))).toEqual([]);
});
