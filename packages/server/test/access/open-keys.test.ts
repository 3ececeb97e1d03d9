import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findKeyFile } from "../../src/access/key-file.js";
import { type OpenKeysOptions, openKeys } from "../../src/access/open-keys.js";

function stateFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, "state", "nanoagent");
}

const open = (options: Partial<OpenKeysOptions>) =>
  openKeys({ settings: {}, host: "0.0.0.0", environment: {}, stateFolder: "/nonexistent/nanoagent", ...options });

describe("loopback", () => {
  test.each(["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST.", "agent.localhost", "::1", "[::1]"])(
    "%s needs no key",
    async (host) => {
      expect(await open({ host })).toEqual({ keys: null, file: null, made: null });
    },
  );

  test.each(["0.0.0.0", "::", "192.168.1.2", "agent.lan", "localhost.lan", "127.0.0.1.lan", "127.1", ""])(
    "%j needs one",
    async (host) => {
      expect((await open({ host, stateFolder: stateFolder() })).keys).not.toBeNull();
    },
  );
});

describe("keys of a variable", () => {
  const settings = { api_keys_env: "AGENT_KEYS" };

  test.each(["127.0.0.1", "0.0.0.0"])("are needed on %s", async (host) => {
    const { keys, made } = await open({ host, settings, environment: { AGENT_KEYS: " one, two,,na-3=_+/ " } });
    expect(made).toBeNull();
    expect(["one", "two", "na-3=_+/"].every((key) => keys?.accepts(key))).toBe(true);
    expect(["", " ", "one, two", " one", "three"].some((key) => keys?.accepts(key))).toBe(false);
  });

  test.each([
    [undefined, "not set"],
    ["", "empty"],
    [" , ,", "empty"],
    ["one,two words", "no header can hold"],
    ["schlüssel", "no header can hold"],
    ["a\nb", "no header can hold"],
  ])("%j is an error that names it", async (value, words) => {
    const error = await open({ settings, environment: { AGENT_KEYS: value } }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "keys-unreadable", message: expect.stringContaining(words) });
    expect(error).toMatchObject({ message: expect.stringContaining("AGENT_KEYS") });
    expect(JSON.stringify(error)).not.toMatch(/schlüssel|two words/);
  });
});

test.each(["na-key secret", "na-Vb2kQ0mXo0i3", "", "1KEY", "A=b", "KEYS,MORE"])(
  "%j is not the name of a variable, and is not repeated",
  async (variable) => {
    const error = await open({ settings: { api_keys_env: variable } }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "keys-unreadable", message: expect.stringContaining("serve.api_keys_env") });
    if (variable !== "") expect(JSON.stringify(error)).not.toContain(variable);
  },
);

describe("the file", () => {
  test("is made once, with a key for its owner alone", async () => {
    const folder = stateFolder();
    const { keys, made } = await open({ stateFolder: folder });
    const file = path.join(folder, "serve-keys.json");
    expect(made).toEqual({ key: expect.stringMatching(/^na-[\w-]{32}$/), file });
    expect(keys?.accepts(made?.key ?? "")).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ format: 1, keys: [made?.key] });
    expect(readdirSync(folder)).toEqual(["serve-keys.json"]);
    const again = await open({ stateFolder: folder });
    expect(again).toMatchObject({ made: null, file });
    expect(again.keys?.accepts(made?.key ?? "")).toBe(true);
    expect(again.keys?.accepts(`${made?.key}x`)).toBe(false);
  });

  test("is looked at without being made, and refused as a service would", async () => {
    const folder = stateFolder();
    const file = path.join(folder, "serve-keys.json");
    expect(await findKeyFile(folder)).toEqual({ file, exists: false });
    await open({ stateFolder: folder });
    expect(await findKeyFile(folder)).toEqual({ file, exists: true });
    if (process.platform === "win32") return;
    chmodSync(file, 0o644);
    await expect(findKeyFile(folder)).rejects.toMatchObject({ code: "keys-unreadable" });
  });

  test("is the same for services that start at the same time", async () => {
    const folder = stateFolder();
    const opened = await Promise.all(Array.from({ length: 20 }, () => open({ stateFolder: folder })));
    const made = opened.flatMap((one) => one.made ?? []);
    expect(made).toHaveLength(1);
    expect(opened.every(({ keys }) => keys?.accepts(made[0]?.key ?? ""))).toBe(true);
    expect(readdirSync(folder)).toEqual(["serve-keys.json"]);
  });

  test("that is a link to nothing is refused for that reason", async () => {
    const folder = stateFolder();
    mkdirSync(folder, { recursive: true });
    symlinkSync("gone.json", path.join(folder, "serve-keys.json"));
    await expect(open({ stateFolder: folder })).rejects.toMatchObject({
      code: "keys-unreadable",
      message: expect.stringContaining("It is a link to a file that does not exist."),
    });
  });

  test("may have several keys", async () => {
    const folder = stateFolder();
    mkdirSync(folder, { recursive: true });
    const content = { format: 1, keys: ["one", "two"], note: "mine" };
    writeFileSync(path.join(folder, "serve-keys.json"), JSON.stringify(content), { mode: 0o600 });
    const { keys, made } = await open({ stateFolder: folder });
    expect([keys?.accepts("one"), keys?.accepts("two"), made]).toEqual([true, true, null]);
  });

  test.each([0o644, 0o640, 0o660, 0o606, 0o610])("with mode %o is refused, and the advice works", async (mode) => {
    const folder = `${stateFolder()} it's`;
    const { made } = await open({ stateFolder: folder });
    const file = made?.file ?? "";
    chmodSync(file, mode);
    const error = await open({ stateFolder: folder }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "keys-unreadable", message: expect.stringContaining(file) });
    const command = /`(.+)`/.exec((error as { hint: string }).hint)?.[1] ?? "";
    expect(spawnSync("sh", ["-c", command]).status).toBe(0);
    expect((await open({ stateFolder: folder })).keys?.accepts(made?.key ?? "")).toBe(true);
  });

  test.each([
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"format":1}',
    '{"format":1,"keys":[]}',
    '{"format":1,"keys":["a b"]}',
    '{"format":1,"keys":[1]}',
    '{"format":1,"keys":{"0":"a"}}',
    '{"format":"1","keys":["a"]}',
    '{"format":2,"keys":["a"]}',
    `{"format":1,"keys":["${"a".repeat(70_000)}"]}`,
    "\0".repeat(100),
  ])("damaged as %#, it is an error and stays as it is", async (text) => {
    const folder = stateFolder();
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, "serve-keys.json");
    writeFileSync(file, text, { mode: 0o600 });
    const error = await open({ stateFolder: folder }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code: "keys-unreadable",
      message: expect.stringContaining(file),
      hint: expect.stringMatching(/./),
    });
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("that is a folder, or in a place that is not a folder, is an error", async () => {
    const folder = stateFolder();
    mkdirSync(path.join(folder, "serve-keys.json"), { recursive: true, mode: 0o700 });
    const refused = { code: "keys-unreadable", message: expect.stringContaining("not a file") };
    await expect(open({ stateFolder: folder })).rejects.toMatchObject(refused);
    rmSync(path.join(folder, "serve-keys.json"), { recursive: true });
    if (spawnSync("mkfifo", ["-m", "600", path.join(folder, "serve-keys.json")]).status === 0) {
      await expect(open({ stateFolder: folder })).rejects.toMatchObject(refused);
    }
    writeFileSync(path.join(folder, "file"), "");
    await expect(open({ stateFolder: path.join(folder, "file") })).rejects.toMatchObject({
      code: "keys-unreadable",
      hint: expect.stringMatching(/./),
    });
  });
});
