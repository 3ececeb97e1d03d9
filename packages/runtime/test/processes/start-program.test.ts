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

  test("keeps the output of a program that ended while it was paused", async () => {
    let output = "";
    const program = await startProgram(["sh", "-c", "sleep 0.2; printf '%05000d' 7"], {
      folder: "/",
      onOutput: (bytes) => {
        output += new TextDecoder().decode(bytes);
      },
    });
    program.pause();
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(output).toBe("");
    program.resume();
    await program.ended;
    expect(output).toHaveLength(5000);
  });
});
