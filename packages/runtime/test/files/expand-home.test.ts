import { homedir } from "node:os";
import { describe, expect, test } from "vitest";
import { expandHome } from "../../src/files/expand-home.js";

describe("expand-home", () => {
  test.each([
    ["~", "/home/me"],
    ["~/", "/home/me/"],
    ["~/a/~", "/home/me/a/~"],
    ["", ""],
    ["a/~", "a/~"],
    ["./~", "./~"],
    ["/~/a", "/~/a"],
    ["~ a", "~ a"],
  ])("%j is %j", (text, expected) => {
    expect(expandHome(text, "/home/me")).toEqual({ path: expected });
  });

  test("uses the home folder of this user if HOME is empty", () => {
    expect(expandHome("~/a", "")).toEqual({ path: `${homedir()}/a` });
  });

  test.each(["~bob", "~bob/a", "~a.b-c/d"])("rejects the home folder of another user, %s", (text) => {
    const [name] = text.split("/");
    expect(expandHome(text, "/home/me")).toEqual({
      problem: `${name}, the home folder of another user, is not supported`,
      advice: "write the full path",
    });
  });
});
