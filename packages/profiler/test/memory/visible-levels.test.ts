import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CgroupMount } from "../../src/memory/cgroup-mounts.js";
import { visibleLevels } from "../../src/memory/visible-levels.js";

const mount = (root: string, mountPoint = "/cg"): CgroupMount => ({ version: 2, controllers: [], root, mountPoint });
const levels = (path: string, ...mounts: CgroupMount[]) =>
  visibleLevels(path, mounts).map(({ path, directory }) => `${path} at ${directory}`);

describe("visibleLevels", () => {
  it.each<[of: string, path: string, mounts: CgroupMount[], expected: string[]]>([
    ["the whole hierarchy", "/a/b", [mount("/")], ["/a/b at /cg/a/b", "/a at /cg/a", "/ at /cg"]],
    ["the root group", "/", [mount("/")], ["/ at /cg"]],
    ["a container's own group", "/docker/8d", [mount("/docker/8d")], ["/docker/8d at /cg"]],
    ["a group below it", "/docker/8d/x", [mount("/docker/8d")], ["/docker/8d/x at /cg/x", "/docker/8d at /cg"]],
    ["another group", "/a", [mount("/b")], []],
    ["another group with a name that begins alike", "/docker-x", [mount("/docker")], []],
    ["no mount", "/a", [], []],
    ["only the top of a mount above the namespace", "/a/b", [mount("/../..")], ["/../.. at /cg"]],
    ["a mount beside the namespace", "/", [mount("/../x")], []],
    ["own group outside of the namespace", "/../x/y", [mount("/")], []],
    ["own group outside, mount too", "/../x/y", [mount("/..")], ["/../x/y at /cg/x/y", "/../x at /cg/x", "/.. at /cg"]],
    ["own group outside, mount of a part", "/../x/y", [mount("/../x")], ["/../x/y at /cg/y", "/../x at /cg"]],
    [
      "the mount that shows more",
      "/a/b",
      [mount("/a", "/part"), mount("/", "/all")],
      ["/a/b at /all/a/b", "/a at /all/a", "/ at /all"],
    ],
    ["the own group before any above", "/", [mount("/", "/own"), mount("/../..", "/host")], ["/ at /own"]],
    ["the later mount if both show the same", "/", [mount("/", "/one"), mount("/", "/two")], ["/ at /two"]],
    [
      "a deleted group under its written name",
      "/a/b (deleted)",
      [mount("/")],
      ["/a/b (deleted) at /cg/a/b (deleted)", "/a at /cg/a", "/ at /cg"],
    ],
    ["a mount at the root of the file tree", "/a", [mount("/", "/")], ["/a at /a", "/ at "]],
    ["no way out of the mount", "/a/../../etc", [mount("/")], []],
  ])("%s", (_, path, mounts, expected) => {
    expect(levels(path, ...mounts)).toEqual(expected);
  });

  it("has at most sixteen, the nearest", () => {
    const path = "/x".repeat(1000);
    const found = visibleLevels(path, [mount("/")]);
    expect(found).toHaveLength(16);
    expect(found[0]).toEqual({ path, directory: `/cg${path}` });
  });

  it("never leaves the mount point, whatever the paths", () => {
    const path = fc
      .array(fc.constantFrom("..", ".", "", "a", "b", "c (deleted)"))
      .map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(path, fc.array(path, { maxLength: 3 }), (own, roots) => {
        for (const { directory } of visibleLevels(
          own,
          roots.map((root) => mount(root)),
        )) {
          expect(directory === "/cg" || directory.startsWith("/cg/")).toBe(true);
          expect(directory.split("/")).not.toContain("..");
        }
      }),
    );
  });
});
