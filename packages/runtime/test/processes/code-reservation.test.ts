import { constants } from "node:fs";
import { copyFile, symlink, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  codeReservationOf,
  dataLimitFor,
  ownCodeReservation,
  reservationIn,
} from "../../src/processes/code-reservation.js";
import { explainOutput, withoutNativeStack } from "../../src/processes/fatal-output.js";
import { programEnvironment } from "../../src/processes/program-environment.js";
import { runCommand } from "../../src/tools/command/run-command.js";
import { temporaryFolder } from "../temporary-folder.js";

const MB = 2 ** 20;
const onLinux = process.platform === "linux";

/** Recorded lines of `/proc/PID/maps`. The test adds other lines around them. */
const maps = {
  "Node 22, x64": "7f963e7c3000-7f963e7ff000 rwxp 00000000 00:00 0 ",
  "Node 24, x64": "7f418b780000-7f41ab500000 rwxp 00000000 00:00 0 \n7f41ab705000-7f41ab740000 rwxp 00000000 00:00 0 ",
  "Node 26, x64": "7f7d44000000-7f7d63dc0000 rwxp 00000000 00:00 0 \n7f7d63fd5000-7f7d64000000 rwxp 00000000 00:00 0 ",
};

describe("the memory that Node reserves for code", () => {
  test.each([
    ["Node 22, x64", 0],
    ["Node 24, x64", 512],
    ["Node 26, x64", 512],
  ] as const)("of %s is %i MB", (name, megabytes) => {
    const around =
      "00400000-00b7d000 r-xp 00000000 fe:00 1184 /usr/bin/node\n7fff0000-7fff9000 rw-p 00000000 00:00 0 [stack]\n";
    expect(reservationIn(`${around}${maps[name]}\n${around}`)).toBe(megabytes * MB);
  });

  test("is the largest part, with any number of threads and any compiled code", () => {
    const hex = (value: number) => value.toString(16).padStart(12, "0");
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 16 }),
        fc.integer({ min: 0, max: 2 * MB }),
        fc.array(fc.integer({ min: 4096, max: 30 * MB }), { maxLength: 8 }),
        (steps, missingBytes, others) => {
          const reserved = steps * 64 * MB;
          const sizes = [...others, ...(steps === 0 ? [] : [reserved - missingBytes])];
          const lines = sizes.map((size, index) => {
            const start = 0x7f0000000000 + index * 0x100000000;
            return `${hex(start)}-${hex(start + size)} rwxp 00000000 00:00 0 `;
          });
          expect(reservationIn(lines.join("\n"))).toBe(reserved);
        },
      ),
    );
  });

  test("is a multiple of 64 MB for any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(reservationIn(text) % (64 * MB)).toBe(0);
      }),
    );
  });

  test.skipIf(!onLinux)("is zero before Node 23", () => {
    const [major = 0] = process.versions.node.split(".").map(Number);
    if (major < 23) expect(ownCodeReservation()).toBe(0);
    else expect(ownCodeReservation()).toBeGreaterThan(0);
  });
});

describe.skipIf(!onLinux)("a limited program", () => {
  const place = async () => ({ folder: await temporaryFolder(), environment: programEnvironment() });

  test("gets the reservation in addition if it is Node, also through a script's first line", async () => {
    const where = await place();
    const [script, other] = [path.join(where.folder, "script"), path.join(where.folder, "other-name")];
    await writeFile(script, `#!/usr/bin/env -S NODE_NO_WARNINGS=1 ${process.execPath} --no-warnings\n`, {
      mode: 0o755,
    });
    await symlink(process.execPath, other);
    const reservedCodeBytes = ownCodeReservation();
    for (const file of [process.execPath, script, other]) {
      // Arguments after the script belong to the script.
      expect(await codeReservationOf(file, ["./script.mjs", "--jitless"], where)).toBe(reservedCodeBytes);
      const limit = { dataBytes: 100 * MB + reservedCodeBytes, reservedCodeBytes };
      expect(await dataLimitFor(100 * MB, file, [], where)).toEqual(limit);
    }
    expect(await dataLimitFor(undefined, process.execPath, [], where)).toBeNull();
  });

  test("with another Node is queried for its reservation, and again after a failure", async () => {
    const where = await place();
    const node = path.join(where.folder, "node");
    await writeFile(node, "#!/nothing/here\n", { mode: 0o755 });
    expect(await codeReservationOf(node, [], where)).toBe(0);
    await unlink(node);
    await copyFile(process.execPath, node, constants.COPYFILE_FICLONE);
    expect(await codeReservationOf(node, [], where)).toBe(ownCodeReservation());
  });

  test("gets no reservation if it is not Node, or runs without compiled code", async () => {
    const where = await place();
    expect(await codeReservationOf("/bin/sh", [], where)).toBe(0);
    expect(await codeReservationOf(process.execPath, ["--jitless", "x.mjs"], where)).toBe(0);
    const environment = { ...where.environment, NODE_OPTIONS: "--no-warnings --jitless" };
    expect(await codeReservationOf(process.execPath, [], { ...where, environment })).toBe(0);
  });

  test("is stopped at its limit, and not before", async () => {
    const where = await place();
    const fill = (megabytes: number) =>
      runCommand(
        [
          process.execPath,
          "-e",
          `const held = []; for (let n = 0; n < ${megabytes}; n += 10) held.push(Buffer.alloc(10 * 2 ** 20, 1));`,
        ],
        where,
        { maxOutputBytes: 10_000, maxMemoryBytes: 200 * MB },
      );
    expect((await fill(50)).exitCode).toBe(0);
    expect((await fill(400)).exitCode).not.toBe(0);
  });
});

test("V8's output is shown without its native stack", () => {
  const printed = [
    "",
    "#",
    "# Fatal process out of memory: Failed to reserve virtual memory for CodeRange",
    "#",
    "----- Native stack trace -----",
    "",
    " 1: 0x9dde61  [/usr/bin/node]",
    " 2: 0x27ab085 v8::base::FatalOOM(v8::base::OOMType, char const*) [/usr/bin/node]",
    "",
  ].join("\n");
  expect(withoutNativeStack(printed)).toBe(
    "Fatal process out of memory: Failed to reserve virtual memory for CodeRange",
  );
});

describe("the output of a limited program is explained", () => {
  const noRoom = "# Fatal process out of memory: Failed to reserve virtual memory for CodeRange";
  const limit = { dataBytes: 32 * MB, reservedCodeBytes: 0 };
  const asked = { maxCharacters: 100, endedBy: null, limit };

  test.each([
    ["a program that starts Node", noRoom, asked, /^it starts Node.*Name Node itself in command/],
    [
      "Node, or one of its threads",
      noRoom,
      { ...asked, limit: { ...limit, reservedCodeBytes: 512 * MB } },
      /^max_memory_mb is too small/,
    ],
    ["a program without our limit", noRoom, { ...asked, limit: null }, /^Fatal process out of memory/],
    [
      "a program that V8 ended silently",
      "",
      { ...asked, endedBy: "SIGTRAP" },
      /^max_memory_mb may be too small for it$/,
    ],
    ["any other end", "cannot open the valve\n", asked, /^cannot open the valve$/],
  ])("%s", (_, output, options, expected) => {
    expect(explainOutput(output, options)).toMatch(expected);
  });
});
