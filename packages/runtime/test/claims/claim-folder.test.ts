import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ClaimedError, claimFolder, isClaimThere } from "../../src/claims/claim-folder.js";
import { FileClaim } from "../../src/claims/file-claim.js";
import { toCheckedJson } from "../../src/files/checked-json.js";
import { ownIdentity, type ProcessIdentity } from "../../src/processes/process-identity.js";
import { temporaryFolder } from "../temporary-folder.js";

const program = fileURLToPath(new URL("./hold-folder.mjs", import.meta.url));
const beatMilliseconds = 40;
const times = { beatMilliseconds };
const alone = { beat: beatMilliseconds, isShared: false, hasOthers: async () => true };

/**
 * Starts a program that claims a folder, through a command such as `unshare -n`. Resolves once the folder is claimed.
 */
async function hold(folder: string, before: readonly string[] = []): Promise<ChildProcess> {
  const [command = "", ...rest] = [...before, process.execPath, program, folder];
  const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const [text] = await once(child.stdout, "data");
  expect(String(text)).toBe("held\n");
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "close");
}

test.each(["a", "a".repeat(90), path.join("ä".repeat(60), "b".repeat(200))])(
  "is held by one of many concurrent programs, in a folder with a name of any length (%#)",
  async (name) => {
    const folder = path.join(await temporaryFolder(), name);
    await mkdir(folder, { recursive: true });
    for (let round = 0; round < 5; round++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => claimFolder(folder, "x")));
      const held = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      expect(held).toHaveLength(1);
      for (const result of results)
        if (result.status === "rejected") expect(result.reason).toBeInstanceOf(ClaimedError);
      for (const claim of held) await claim.release();
      expect(await readdir(folder)).toEqual([]);
    }
  },
);

describe.skipIf(process.platform === "win32")("a program that holds a folder", () => {
  const canUnshare = (kind: string) => spawnSync("unshare", [kind, "true"]).status === 0;
  const surroundings: [string, string[]][] = [
    ["in the same namespaces", []],
    ["in another network namespace", ["unshare", "-n"]],
    ["in another process namespace", ["unshare", "-p", "-f"]],
    ["in another mount namespace", ["unshare", "-m"]],
    ["in its own container", ["unshare", "-n", "-p", "-m", "-i", "-u", "-f", "--mount-proc"]],
  ];

  test.each(surroundings.filter(([, [, kind]]) => kind === undefined || canUnshare(kind)))(
    "%s is visible while it runs or is stopped, and not after it was killed",
    async (_, before) => {
      const folder = await temporaryFolder();
      const child = await hold(folder, before);
      await expect(claimFolder(folder, "x")).rejects.toBeInstanceOf(ClaimedError);
      if (before.length === 0) {
        child.kill("SIGSTOP");
        await expect(claimFolder(folder, "x")).rejects.toMatchObject({ owner: null });
      }
      // The holder is not always the process that unshare starts.
      child.stdin?.end();
      if (before.length > 0) await once(child, "close");
      else await end(child);
      expect(await readdir(folder)).toHaveLength(1);
      const claim = await claimFolder(folder, "x");
      expect(await readdir(folder)).toEqual([path.basename(claim.file)]);
      await claim.release();
    },
  );

  test("is visible through a bind mount", async ({ skip }) => {
    const folder = await temporaryFolder();
    const other = await temporaryFolder();
    const script = `mount --bind "$1" "$2" && exec "$3" "$4" "$2"`;
    const mounted = ["unshare", "-m", "sh", "-c", script, "sh", folder, other];
    if (!canUnshare("-m")) return skip();
    const child = await hold(other, mounted);
    await expect(claimFolder(folder, "x")).rejects.toBeInstanceOf(ClaimedError);
    await claimFolder(other, "x").then((claim) => claim.release());
    await end(child);
  });

  test.skipIf(process.getuid?.() !== 0)("cannot be blocked by another user", async () => {
    const folder = await temporaryFolder();
    await chmod(path.dirname(folder), 0o755);
    const script = `import os,socket,sys
s=os.stat(sys.argv[1])
try: os.listdir(sys.argv[1]); print("open")
except PermissionError: print("closed")`;
    await chmod(folder, 0o700);
    const { stdout } = spawnSync("setpriv", ["--reuid", "65534", "--clear-groups", "python3", "-c", script, folder], {
      encoding: "utf8",
    });
    if (stdout !== "") expect(stdout).toBe("closed\n");
    await (await claimFolder(folder, "x")).release();
  });
});

describe("on a disk without sockets, a file", () => {
  const makeFile = async (folder: string, identity: Partial<ProcessIdentity>, more = {}): Promise<string> => {
    const file = path.join(folder, "lock-0123456789abcdef.claim");
    await writeFile(file, toCheckedJson({ ...ownIdentity(), name: "y", holds: true, beats: 1, ...identity, ...more }));
    return file;
  };

  test.each<[string, Partial<ProcessIdentity> | string]>([
    ["of a process that has ended", { pid: spawnSync(process.execPath, ["-e", "0"]).pid }],
    ["of a process whose number was reused", { started: "1" }],
    ["from before a power cut", { boot_id: "00000000-0000-0000-0000-000000000000" }],
    ["of a container that has ended", { pid_namespace: "pid:[1]" }],
    ["that is empty", ""],
    ["with invalid content", "\u0000{"],
  ])("%s is taken over", async (_, content) => {
    const folder = await temporaryFolder();
    if (typeof content === "string") await writeFile(path.join(folder, "lock-0123456789abcdef.claim"), content);
    else await makeFile(folder, content);
    const claim = await claimFolder(folder, "x", times);
    expect(await readdir(folder)).toEqual([path.basename(claim.file)]);
    await claim.release();
  });

  test("of a running process is respected, immediately and without a beat", async () => {
    const folder = await temporaryFolder();
    await makeFile(folder, {});
    const began = performance.now();
    await expect(claimFolder(folder, "x", { beatMilliseconds: 60_000 })).rejects.toMatchObject({
      owner: { name: "y", pid: process.pid },
    });
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test("of an invisible process is respected as long as it changes", async () => {
    const folder = await temporaryFolder();
    let beats = 1;
    const beating = setInterval(() => void makeFile(folder, { pid_namespace: "pid:[1]" }, { beats: beats++ }), 20);
    await makeFile(folder, { pid_namespace: "pid:[1]" });
    await expect(claimFolder(folder, "x", times)).rejects.toBeInstanceOf(ClaimedError);
    clearInterval(beating);
  });

  test("is updated only when another program asks", async () => {
    const folder = await temporaryFolder();
    let isAsked = false;
    const file = path.join(folder, "lock-0123456789abcdef.claim");
    const claim = await FileClaim.make(file, "x", { ...alone, hasOthers: async () => isAsked });
    await claim.settle();
    const before = await readFile(file, "utf8");
    await new Promise((resolve) => setTimeout(resolve, 4 * beatMilliseconds));
    expect(await readFile(file, "utf8")).toBe(before);
    isAsked = true;
    await expect.poll(() => readFile(file, "utf8")).not.toBe(before);
    // A claim that another program has removed does not come back.
    await rm(file);
    await new Promise((resolve) => setTimeout(resolve, 4 * beatMilliseconds));
    expect(await isClaimThere(claim)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
    await claim.release();
  });
});
