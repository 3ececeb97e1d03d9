import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { type StartProgramOptions, startProgram } from "../../src/processes/start-program.js";

const isWindows = process.platform === "win32";

async function run(command: readonly string[], options: Partial<StartProgramOptions> = {}) {
  let output = "";
  const program = await startProgram(command, {
    folder: "/",
    onOutput: (bytes) => {
      output += new TextDecoder().decode(bytes);
    },
    ...options,
  });
  return { ...(await program.ended), output };
}

describe.skipIf(isWindows)("startProgram", () => {
  test("hands over output, the input, and how the program ended", async () => {
    const { said, ...rest } = await run(["sh", "-c", "cat; echo oops >&2; exit 3"], { input: "in\nput" });
    expect(rest).toEqual({ output: "in\nput", exitCode: 3, signal: null });
    expect(said).toBe("oops");
  });

  test("passes only the given variables and those of the system", async () => {
    process.env.SECRET_OF_TEST = "x";
    try {
      expect((await run(["sh", "-c", "echo $SECRET_OF_TEST$OWN"], { environment: { OWN: "mine" } })).output).toBe(
        "mine\n",
      );
    } finally {
      delete process.env.SECRET_OF_TEST;
    }
  });

  test("removes terminal controls from the error output", async () => {
    expect((await run(["sh", "-c", "printf '\\033[31mred\\a' >&2"])).said).toBe("[31mred");
  });

  test("rejects for a program that does not exist, with a clause", async () => {
    await expect(startProgram(["no-such-program-x"], { folder: "/" })).rejects.toThrow(
      /^there is no program no-such-program-x in /,
    );
    await expect(startProgram(["sh"], { folder: "/no/folder" })).rejects.toThrow("there is no folder /no/folder");
  });

  test("ends a program that ignores SIGTERM, and its children", async () => {
    let child = "";
    const program = await startProgram(["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; wait"], {
      folder: "/",
      onOutput: (bytes) => {
        child += new TextDecoder().decode(bytes);
      },
    });
    await vi.waitFor(() => expect(child).toMatch(/\n/), { timeout: 20_000 });
    await Promise.all([program.stop(), program.stop()]);
    // A dead process that nobody reaps has an empty command line.
    const file = `/proc/${child.trim()}/cmdline`;
    await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, "utf8")).toBeFalsy(), { timeout: 20_000 });
  });

  test("lets a paused program wait, and hands over what it wrote before its end", async () => {
    let bytes = 0;
    const program = await startProgram(["sh", "-c", "head -c 1000000 /dev/zero; echo end >&2"], {
      folder: "/",
      onOutput: (some) => {
        bytes += some.length;
      },
    });
    program.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(bytes).toBeLessThan(1_000_000);
    program.resume();
    expect(await program.ended).toMatchObject({ exitCode: 0, said: "end" });
    expect(bytes).toBe(1_000_000);
  });
});
