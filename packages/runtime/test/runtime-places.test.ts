import { expect, test } from "vitest";
import { runtimePlaces } from "../src/files/runtime-folder.js";

test.skipIf(process.platform === "win32")("a program may have used every runtime folder of its user", () => {
  const user = process.geteuid?.();
  expect(runtimePlaces({ XDG_RUNTIME_DIR: "/run/here" }, "/var/tmp").map((folders) => folders.at(-1))).toEqual([
    "/run/here/nanoagent",
    `/run/user/${user}/nanoagent`,
    `/var/tmp/nanoagent-${user}/nanoagent`,
    `/tmp/nanoagent-${user}/nanoagent`,
  ]);
  // A relative folder is not used, as the specification says.
  expect(runtimePlaces({ XDG_RUNTIME_DIR: "here" }, "/tmp")[0]?.[0]).toBe(`/run/user/${user}`);
});
