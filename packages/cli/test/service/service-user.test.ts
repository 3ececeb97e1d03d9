import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RunTool } from "../../src/service/run-tool.js";
import { chooseAccount, commandPrefix } from "../../src/service/service-user.js";
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

    test("is the caller of sudo if the config is root's and closed", async () => {
      const folder = makeFolder();
      const config = path.join(folder, "agent.yaml");
      writeFileSync(config, "", { mode: 0o600 });
      const chosen = await choose(config, { caller: "pi" });
      expect(chosen.account).toEqual({ kind: "person", name: "pi" });
      expect(chosen.reason).toBe(`Not everyone can read ${config}.`);
      expect(commandPrefix(chosen)).toContain("--reuid=1000");
      chmodSync(config, 0o644);
      mkdirSync(path.join(folder, "closed"), { mode: 0o700 });
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
          hint: expect.stringContaining("/etc/nanoagent"),
        });
      }
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
