import { expect, it } from "vitest";
import { cgroupMembership } from "../../src/memory/cgroup-membership.js";

it.each([
  ["version 2", "0::/user.slice/a.scope\n", null, "/user.slice/a.scope"],
  ["version 1", "5:cpu,cpuacct:/a\n4:memory:/docker/8d1c\n1:name=systemd:/b\n", "/docker/8d1c", null],
  ["both", "11:memory:/m\n0::/u\n", "/m", "/u"],
  ["a controller in a list", "3:cpu,memory,pids:/x\n", "/x", null],
  ["controllers with similar names", "3:name=memory:/x\n2:memory2:/y\n", null, null],
  ["names with colons and spaces, without a line end", "0::/a b: c (deleted)", null, "/a b: c (deleted)"],
  ["paths outside of the namespace", "0::/../../other\n", null, "/../../other"],
  ["the first of two", "0::/a\n0::/b\n", null, "/a"],
  ["nothing in garbage", "\0\n::\n0:\n0::\n0::relative\nx:memory:/a\n4:memory\n", null, null],
  ["nothing in an empty file", "", null, null],
])("reads %s", (_, text, v1MemoryPath, v2Path) => {
  expect(cgroupMembership(text)).toEqual({ v1MemoryPath, v2Path });
});
