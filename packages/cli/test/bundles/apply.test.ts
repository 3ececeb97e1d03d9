import { once } from "node:events";
import { existsSync, readlinkSync } from "node:fs";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { createBundle, makeKeyPair, signBundle } from "@nanoagent/fleet/bundles";
import { describe, expect, test, vi } from "vitest";
import { resultOf, runProgram, startProgram } from "../run-program.js";
import { AGENT, SMOKE, UpdateFolder } from "./update-folder.js";
import { wholeRelease } from "./whole-release.js";

const WRONG_SMOKE = `${SMOKE}  - id: lamp-on
    say: Switch the lamp in the kitchen on.
    expect: [{ tool: switch_lamp, arguments: { room: kitchen } }]
`;

async function runJson(args: readonly string[], environment: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await runProgram(args, "", environment);
  return { exitCode, stderr, result: JSON.parse(stdout) };
}

describe("bundle apply", () => {
  test("applies, says that a bundle is current, lists, rolls back, and back again", async () => {
    const place = await UpdateFolder.make();
    const { root } = place;
    const first = await place.bundle(1);
    const applied = await runJson(place.applying(first));
    expect(applied).toMatchObject({ exitCode: 0, stderr: "", result: { state: "applied", sequence: 1, current: 1 } });
    expect(await runJson(place.applying(first))).toMatchObject({ exitCode: 0, result: { state: "current" } });
    const second = await runProgram(place.applying(await place.bundle(2)).slice(0, -1));
    expect(second).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: `kiosk 1.2.0 (sequence 2) is in use: ${path.join(root, "current")}\n`,
    });
    const outdated = await runJson(place.applying(first));
    expect(outdated).toMatchObject({ exitCode: 1, result: { state: "refused", code: "bundle-outdated", current: 2 } });
    const list = await runJson(["bundle", "list", "--root", root, "--json"]);
    expect(list.result).toMatchObject({ previous: 1, highest: 2, current: { sequence: 2 }, failed: [] });
    const table = await runProgram(["bundle", "list", "--root", root]);
    expect(table.stdout).toMatch(/^sequence {2}name {3}version {2}unpacked\n {7}2 {2}kiosk {2}1\.2\.0 .* in use\n/);
    const back = ["bundle", "rollback", "--root", root];
    expect(await runJson([...back, "--json"])).toMatchObject({ exitCode: 0, result: { state: "applied", current: 1 } });
    expect(await wholeRelease(root)).toBe(1);
    const nothing = await runProgram(back);
    expect(nothing).toMatchObject({ exitCode: 1, stdout: "" });
    expect(nothing.stderr).toContain("has no earlier release");
    const answer = await runProgram(["run", "--config", path.join(root, "current/agent.yaml"), "--once", "Hello"]);
    expect(answer).toMatchObject({ exitCode: 0 });
    expect(existsSync(path.join(root, "session"))).toBe(true);
  });

  test("rolls back if a smoke question is answered wrong, and names it", async () => {
    const place = await UpdateFolder.make();
    await runProgram(place.applying(await place.bundle(1)));
    const { exitCode, result } = await runJson(place.applying(await place.bundle(2, { "smoke.yaml": WRONG_SMOKE })));
    expect({ exitCode, result }).toMatchObject({
      exitCode: 1,
      result: { state: "rolled-back", code: "bundle-failed" },
    });
    expect(result.reason).toContain("1 of 2 smoke questions were answered right. Wrong: lamp-on.");
    expect(await wholeRelease(place.root)).toBe(1);
  });

  test("refuses a config with errors, and rolls back an agent that does not start", async () => {
    const place = await UpdateFolder.make();
    await runProgram(place.applying(await place.bundle(1)));
    const wrong = await runJson(place.applying(await place.bundle(2, { "agent.yaml": `${AGENT}colour: red\n` })));
    expect(wrong).toMatchObject({ exitCode: 1, result: { state: "refused", code: "bundle-unsuitable", current: 1 } });
    expect(wrong.result.reason).toContain("colour");
    const servers = "mcp_servers:\n  broken:\n    command: [node, server.js]\n";
    const files = { "agent.yaml": `${AGENT}${servers}`, "server.js": "process.exit(3);\n" };
    const broken = await runJson(place.applying(await place.bundle(3, files)));
    expect(broken).toMatchObject({ exitCode: 1, result: { state: "rolled-back", current: 1 } });
    expect(broken.result.reason).toContain("broken");
    expect(await wholeRelease(place.root)).toBe(1);
  });

  test("refuses what is not trusted, damaged, or needs a model that cannot be had", async () => {
    const place = await UpdateFolder.make();
    const file = await place.bundle(1);
    const other = path.join(place.folder, "other.pub");
    await writeFile(other, makeKeyPair().publicPem);
    const trusting = ["bundle", "apply", file, "--root", place.root, "--trust", other, "--json"];
    const untrusted = await runJson(trusting);
    expect(untrusted).toMatchObject({
      exitCode: 1,
      result: { state: "refused", code: "bundle-untrusted", current: null, name: "", sequence: 0 },
    });
    const models = [{ name: "missing-model", source: "org/missing-model:Q4_K_M", size: 10, sha256: "a".repeat(64) }];
    const out = path.join(place.folder, "model.bundle");
    const folder = path.join(place.folder, "source-1");
    await createBundle({ folder, out, name: "kiosk", version: "2.0.0", sequence: 2, models });
    await signBundle(out, place.privatePem);
    const offline = { HF_HUB_OFFLINE: "1", XDG_DATA_HOME: place.folder, HF_HOME: place.folder };
    const withoutModel = await runJson(place.applying(out), offline);
    expect(withoutModel).toMatchObject({
      exitCode: 1,
      result: { state: "refused", code: "hub-offline", current: null },
    });
    expect(existsSync(path.join(place.root, "releases/2"))).toBe(false);
  });

  test("prints errors for people on stderr", async () => {
    const place = await UpdateFolder.make();
    const file = await place.bundle(1);
    await writeFile(file, (await readFile(file)).subarray(0, -1));
    const { exitCode, stdout, stderr } = await runProgram(place.applying(file).slice(0, -1));
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^error: .+\n {2}why: /);
  });

  test("is interrupted by a signal without a trace", async () => {
    const place = await UpdateFolder.make();
    await runProgram(place.applying(await place.bundle(1)));
    const slow = "mcp_servers:\n  slow:\n    command: [node, server.js]\n";
    const files = { "agent.yaml": `${AGENT}${slow}`, "server.js": "setInterval(() => {}, 1000);\n" };
    const child = startProgram(place.applying(await place.bundle(2, files)));
    const ended = resultOf(child);
    const state = path.join(place.root, "state.json");
    await vi.waitFor(async () => expect(await readFile(state, "utf8")).toContain('"step":"proving"'), {
      timeout: 20_000,
    });
    child.kill("SIGTERM");
    expect((await ended).exitCode).toBe(143);
    expect(await readFile(state, "utf8")).toContain('"trial":null');
    expect(existsSync(path.join(place.root, "releases/2"))).toBe(false);
    expect(await wholeRelease(place.root)).toBe(1);
  });

  test("gives way to another one, and says who has the folder", async () => {
    const place = await UpdateFolder.make();
    await runProgram(place.applying(await place.bundle(1)));
    const slow = "mcp_servers:\n  slow:\n    command: [node, server.js]\n";
    const files = { "agent.yaml": `${AGENT}${slow}`, "server.js": "setInterval(() => {}, 1000);\n" };
    const child = startProgram(place.applying(await place.bundle(2, files)));
    const state = path.join(place.root, "state.json");
    await vi.waitFor(async () => expect(await readFile(state, "utf8")).toContain('"step":"proving"'), {
      timeout: 20_000,
    });
    const second = await runJson(place.applying(await place.bundle(3)));
    expect(second).toMatchObject({ exitCode: 1, result: { state: "refused", code: "releases-busy", current: 1 } });
    expect(second.result).toMatchObject({ name: "kiosk", version: "1.3.0", sequence: 3 });
    expect(second.result.manifest_sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(second.result.reason).toContain(`nanoagent bundle (process ${child.pid} on `);
    child.kill("SIGKILL");
    await once(child, "close");
    expect(await runJson(place.applying(await place.bundle(3)))).toMatchObject({ exitCode: 0, result: { current: 3 } });
  });

  test("checks the command line first", async () => {
    const place = await UpdateFolder.make();
    const file = await place.bundle(1);
    const wrong = path.join(place.folder, "wrong.pub");
    await writeFile(wrong, "not a key");
    for (const args of [
      ["bundle", "apply", path.join(place.folder, "missing.bundle"), "--root", place.root, "--trust", place.trust],
      ["bundle", "apply", file, "--root", place.root],
      ["bundle", "apply", file, "--trust", place.trust],
      ["bundle", "apply", file, "--root", place.root, "--trust", wrong],
      ["bundle", "prove", place.folder],
    ]) {
      expect((await runProgram(args)).exitCode, args.join(" ")).toBe(2);
    }
    expect(existsSync(place.root)).toBe(false);
  });

  test("refuses a root that is a link, and a folder in the place of current", async () => {
    const place = await UpdateFolder.make();
    const file = await place.bundle(1);
    await mkdir(path.join(place.root, "current"), { recursive: true });
    const folder = await runJson(place.applying(file));
    expect(folder).toMatchObject({
      exitCode: 1,
      result: { state: "refused", code: "releases-unusable", current: null },
    });
    await rm(place.root, { recursive: true });
    const elsewhere = path.join(place.folder, "elsewhere");
    await mkdir(elsewhere);
    await symlink(elsewhere, place.root);
    expect(await runJson(place.applying(file))).toMatchObject({ exitCode: 1, result: { code: "releases-unusable" } });
    expect(readlinkSync(place.root)).toBe(elsewhere);
  });
});

test("bundle prove starts the agent, asks its questions, and needs as many right answers as it is told", async () => {
  const place = await UpdateFolder.make();
  await place.bundle(1, { "smoke.yaml": WRONG_SMOKE });
  const folder = path.join(place.folder, "source-1");
  expect(await runJson(["bundle", "prove", folder, "--json"])).toMatchObject({
    exitCode: 1,
    result: { ok: false, right: 1, asked: 2 },
  });
  const half = await runProgram(["bundle", "prove", folder, "--min-right", "50"]);
  expect(half).toMatchObject({ exitCode: 0, stdout: "The agent starts, and answered 1 of 2 questions right.\n" });
  await rm(path.join(folder, "smoke.yaml"));
  expect((await runProgram(["bundle", "prove", folder])).stdout).toBe("The agent starts.\n");
  // Its conversation belongs to the agent in use.
  expect(existsSync(path.join(place.folder, "session"))).toBe(false);
});
