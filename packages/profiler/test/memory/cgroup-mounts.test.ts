import { expect, it } from "vitest";
import { cgroupMounts } from "../../src/memory/cgroup-mounts.js";

const v2 = (root: string, mountPoint: string) => ({ version: 2, controllers: [], root, mountPoint });

it.each([
  [
    "a hybrid machine",
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n" +
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n" +
      "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n" +
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:10 master:3 - cgroup2 cgroup2 rw\n",
    [
      { version: 1, controllers: ["rw", "memory"], root: "/", mountPoint: "/sys/fs/cgroup/memory" },
      v2("/", "/sys/fs/cgroup/unified"),
    ],
  ],
  ["escapes", "1 0 0:1 /a\\134b /my\\040mounts\\011x rw - cgroup2 none\\040 rw\n", [v2("/a\\b", "/my mounts\tx")]],
  [
    "the later of two at one path",
    "1 0 0:1 /one /cg rw - cgroup2 c rw\n2 0 0:2 / /other rw - cgroup2 c rw\n3 0 0:1 /two /cg rw - cgroup2 c rw\n",
    [v2("/", "/other"), v2("/two", "/cg")],
  ],
  ["a root that is a dash", "1 0 0:1 - /cg rw - cgroup2 c rw\n", [v2("-", "/cg")]],
  ["nothing in garbage", "\0\n- - - -\n1 0 0:1 / /cg rw cgroup2 c rw\n1 0 0:1 / /cg rw -\n1 0 0:1 / /cg", []],
  ["nothing in an empty file", "", []],
])("reads %s", (_, text, expected) => {
  expect(cgroupMounts(text)).toEqual(expected);
});
