import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { placeOf, readVariables } from "../../src/service/service-place.js";
import { nameOptions, shellWord, sudoProgram } from "../../src/service/typed-command.js";

afterEach(() => vi.unstubAllEnvs());

describe("the place of a service", () => {
  test("of the system", () => {
    expect(placeOf({})).toMatchObject({
      unit: "nanoagent.service",
      unitFile: "/etc/systemd/system/nanoagent.service",
      stateFolder: "/var/lib/nanoagent",
      environmentFile: "/etc/nanoagent/nanoagent.env",
    });
  });

  test("of a user", () => {
    vi.stubEnv("XDG_CONFIG_HOME", "/home/pi/.config");
    vi.stubEnv("XDG_STATE_HOME", "relative");
    vi.stubEnv("HOME", "/home/pi");
    expect(placeOf({ user: true })).toMatchObject({
      unitFile: "/home/pi/.config/systemd/user/nanoagent.service",
      stateFolder: "/home/pi/.local/state/nanoagent/services/nanoagent",
      environmentFile: "/home/pi/.config/nanoagent/nanoagent.env",
    });
  });

  test("with a name cannot be the folder of another program", () => {
    for (const name of ["apt", "nanoagent-apt"]) {
      const place = placeOf({ name });
      expect(place).toMatchObject({ unit: "nanoagent-apt.service", stateFolder: "/var/lib/nanoagent-apt" });
      expect(nameOptions(place)).toBe(" --name apt");
    }
    expect(nameOptions(placeOf({ user: true }))).toBe(" --user");
  });

  test("is named in commands so that they find the same service", () => {
    for (const given of ["nanoagent", "x", "nanoagent-nanoagent", "nanoagent-nanoagent-x", "nanoagentx"]) {
      const { name, isUser } = placeOf({ name: given });
      const [, typed = "nanoagent"] = / --name (.*)/.exec(nameOptions({ name, isUser })) ?? [];
      expect(placeOf({ name: typed }).name).toBe(name);
    }
  });

  test.each(["", "a/b", "../x", "a b", "a.service", "-x", "a%i", "nanoagent-", "nanoagent--", "x".repeat(40)])(
    "%j is not a name",
    (name) => {
      expect(() => placeOf({ name })).toThrow(expect.objectContaining({ code: "usage" }));
    },
  );
});

test("variables are read as systemd does", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-variables-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "nanoagent.env");
  writeFileSync(file, "# a comment\nA=1\n  B = no\nC=\"two words\"\nD='x=y'\nE=\n;F=1\nG=$A\n");
  expect(await readVariables(file)).toEqual({ A: "1", B: "no", C: "two words", D: "x=y", E: "", G: "$A" });
  writeFileSync(file, `A=1\n${"#".repeat(256 * 1024)}\nB=2\n`);
  expect(await readVariables(file)).toEqual({ A: "1" });
  expect(await readVariables(folder)).toEqual({});
  expect(await readVariables(path.join(folder, "missing"))).toEqual({});
});

test("commands work when they are typed", () => {
  expect(sudoProgram("/home/pi/.nvm/versions/node/v22.1.0/bin/node", "/home/pi/my apps/nanoagent")).toBe(
    "sudo /home/pi/.nvm/versions/node/v22.1.0/bin/node '/home/pi/my apps/nanoagent'",
  );
  expect(shellWord("it's")).toBe("'it'\\''s'");
});
