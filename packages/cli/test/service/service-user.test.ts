import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RunTool } from "../../src/service/run-tool.js";
import { chooseAccount, commandPrefix } from "../../src/service/service-user.js";
import { shellWord } from "../../src/service/typed-command.js";
import { repository } from "../run-program.js";

const people: Record<string, string> = {
  pi: "pi:x:1000:1000:Pi,,,:/home/pi:/bin/bash",
  1000: "pi:x:1000:1000:Pi,,,:/home/pi:/bin/bash",
  root: "root:x:0:0:root:/root:/bin/bash",
};
const run: RunTool = async (_, [, who = ""]) => ({
  exitCode: people[who] === undefined ? 2 : 0,
  stdout: `${people[who] ?? ""}\n`,
  stderr: "",
});

/** A folder outside the temporary ones. */
function makeFolder(): string {
  const folder = mkdtempSync(path.join(repository, "node_modules/.service-user-"));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Whether everyone may enter this clone. */
const isOpen = !/^\/(?:home|root|tmp|var\/tmp)\//.test(repository);

const inRoot = "/root/.nanoagent-service-test";

describe.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
  "files in the home of root (needs root)",
  () => {
    test.each([
      ["agent/agent.yaml", "Move the agent's folder, with the config, to /etc/nanoagent"],
      ["nanoagent/packages/cli/dist/main.js", "to /opt, run npm install --global ./packages/cli there"],
      [".nvm/bin/node", "Install Node for all users"],
      ["models/a.gguf", "correct its path in the config"],
    ])("%s cannot be read by a service of root or of the caller", async (name, hint) => {
      const folder = `${inRoot}-${crypto.randomUUID()}`;
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, "");
      const config = name.endsWith(".yaml") ? file : "/etc/passwd";
      for (const caller of [null, "pi"]) {
        await expect(
          chooseAccount({ config, files: [config, file], namesModel: false, caller, run }),
        ).rejects.toMatchObject({ code: "service-unsuitable", hint: expect.stringContaining(hint) });
      }
    });
  },
);

describe.skipIf(process.platform !== "linux" || process.getuid?.() !== 0 || !isOpen)(
  "the account of a service (needs root and a clone outside home and temporary folders)",
  () => {
    const choose = (config: string, options: Partial<Parameters<typeof chooseAccount>[0]> = {}) =>
      chooseAccount({ config, files: [config], namesModel: false, caller: null, run, ...options });

    test("is a user of its own if everyone can read its files", async () => {
      const config = path.join(makeFolder(), "agent.yaml");
      writeFileSync(config, "");
      const chosen = await choose(config);
      expect(chosen).toEqual({ account: { kind: "own" }, person: null, reason: null });
      expect(commandPrefix(chosen).join(" ")).toBe(
        "setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --",
      );
    });

    test("is the owner of the releases that the service updates", async () => {
      const releases = makeFolder();
      const config = path.join(releases, "agent.yaml");
      writeFileSync(config, "");
      await expect(choose(config, { releases, caller: "pi" })).rejects.toMatchObject({
        code: "service-unsuitable",
        reason: `It updates the releases in ${releases}.`,
        hint: expect.stringContaining(`sudo chown -R USER: ${releases}`),
      });
      chownSync(releases, 1000, 1000);
      const chosen = await choose(config, { releases });
      expect(chosen.account).toEqual({ kind: "person", name: "pi" });
    });

    test("is the person who can read what others cannot", async () => {
      const folder = makeFolder();
      const config = path.join(folder, "agent.yaml");
      writeFileSync(config, "", { mode: 0o600 });
      chownSync(config, 1000, 1000);
      const chosen = await choose(config, { caller: "pi" });
      expect(chosen.account).toEqual({ kind: "person", name: "pi" });
      expect(chosen.reason).toBe(`Not everyone can read ${config}.`);
      expect(commandPrefix(chosen)).toContain("--reuid=1000");
      chmodSync(config, 0o644);
      chownSync(config, 0, 0);
      mkdirSync(path.join(folder, "closed"), { mode: 0o700 });
      chownSync(path.join(folder, "closed"), 1000, 1000);
      const model = path.join(folder, "closed", "model.gguf");
      writeFileSync(model, "");
      const other = await choose(config, { caller: "pi", files: [config, model] });
      expect(other.reason).toBe(`Not everyone can read ${path.join(folder, "closed")}.`);
    });

    test("is a person if the config names a model, which is in that person's cache", async () => {
      const config = path.join(makeFolder(), "agent.yaml");
      writeFileSync(config, "");
      expect((await choose(config, { namesModel: true, caller: "pi" })).account.kind).toBe("person");
    });

    test("is never root", async () => {
      const config = path.join(makeFolder(), "agent.yaml");
      writeFileSync(config, "", { mode: 0o600 });
      for (const caller of [null, "root", "nobody-knows"]) {
        await expect(choose(config, { caller })).rejects.toMatchObject({
          code: "service-unsuitable",
          hint: expect.stringContaining(`sudo chmod a+r ${config} `),
        });
      }
    });

    test("must reach every file, and the hint opens only the closed one", async () => {
      const folder = makeFolder();
      const config = path.join(folder, "agent.yaml");
      const other = path.join(folder, "it's closed");
      writeFileSync(config, "");
      mkdirSync(other, { mode: 0o700 });
      writeFileSync(path.join(other, "model.gguf"), "");
      const choosing = choose(config, { caller: "pi", files: [config, path.join(other, "model.gguf")] });
      await expect(choosing).rejects.toMatchObject({
        message: "The service would run as pi, who cannot read its files.",
        reason: `pi cannot read ${other}.`,
        hint: expect.stringContaining(`sudo chmod a+x ${shellWord(other)} `),
      });
      await expect(choosing).rejects.not.toMatchObject({ hint: expect.stringContaining("-R") });
    });

    test("has the fitting hint for a model of root", async () => {
      const config = path.join(makeFolder(), "agent.yaml");
      writeFileSync(config, "");
      await expect(choose(config, { namesModel: true })).rejects.toMatchObject({
        hint: expect.stringContaining("Set model_path to the path"),
      });
    });

    test("cannot see temporary folders", async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-account-"));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const config = path.join(folder, "agent.yaml");
      writeFileSync(config, "");
      await expect(choose(config)).rejects.toMatchObject({ code: "service-unsuitable" });
    });
  },
);
