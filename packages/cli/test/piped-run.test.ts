import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { exampleConfig, program, resultOf, runProgram, startProgram, untilPrinted } from "./run-program.js";

const run = ["run", "--config", exampleConfig];

async function shell(command: string) {
  const child = spawn("bash", ["-c", command], {
    env: { ...process.env, NODE: process.execPath, PROGRAM: program, CONFIG: exampleConfig },
  });
  child.stdin.end();
  return resultOf(child);
}

describe("piped input", () => {
  test("may have empty lines, Windows lines and no last line end", async () => {
    const { stdout } = await runProgram(run, "hello\r\n\r\n\n   \nstatus");
    expect(stdout.match(/^Agent: /gm)).toHaveLength(2);
  });

  test("is answered without carriage returns", async () => {
    const { stdout } = await runProgram(run, "one two three four five six\r\n");
    expect(stdout).toMatch(/one two three four five six\n/);
  });

  test("is not read further while the replies are not read, and the program can be stopped", async () => {
    const child = startProgram(run);
    child.stdin.on("error", () => {});
    await untilPrinted(child, "to exit.");
    child.stdout.removeAllListeners("data").pause();
    const ended = once(child, "exit");
    // Far more than the pipes and buffers in between can hold.
    child.stdin.write(`one two three four five ${"x".repeat(900)}\n`.repeat(20_000));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(child.stdin.writableLength).toBeGreaterThan(0);
    child.kill("SIGTERM");
    expect(await ended).toEqual([143, null]);
  });

  test("may have bytes that are not UTF-8", async () => {
    const { exitCode, stdout } = await runProgram(
      run,
      Buffer.concat([Buffer.from("one two three four five six "), Buffer.from([0xff, 0xfe, 0x0a])]),
    );
    expect(stdout).toContain("six \ufffd\ufffd");
    expect(exitCode).toBe(0);
  });

  test("may have a line that is too long: it is refused with exit code 1, and the next one is answered", async () => {
    const { exitCode, stdout, stderr } = await runProgram(run, `${"x".repeat(5 * 2 ** 20)}\nhello\n`);
    expect(stderr).toContain("The message exceeds the limit of 1048576 bytes");
    expect(stdout).toContain("Agent: Hello from field-assistant!");
    expect(exitCode).toBe(1);
  });

  test("with --json, a message that fails has a line of JSON", async () => {
    const { stdout } = await runProgram([...run, "--json"], `${"x".repeat(2 * 2 ** 20)}\nhello\n`);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([{ error: { code: "message-too-large" } }, { role: "assistant" }]);
  });

  test("is answered line by line, before it ends", async () => {
    const child = startProgram(run);
    const result = resultOf(child);
    child.stdin.write("hello\n");
    await untilPrinted(child, "Agent: Hello");
    child.stdin.end("quit\n");
    expect((await result).exitCode).toBe(0);
  });
});

describe.skipIf(process.platform === "win32")("output", () => {
  test("that is no longer read ends the program silently", async () => {
    for (const command of ["profile", "--help", 'run --config "$CONFIG" < <(yes hello)']) {
      const { stdout, stderr } = await shell(`"$NODE" "$PROGRAM" ${command} | head -1; echo "exit \${PIPESTATUS[0]}"`);
      expect(stdout).toMatch(/exit 0\n$/);
      expect(stderr).toBe("");
    }
  });

  test("that is closed ends the program", async () => {
    const { stderr } = await shell(`"$NODE" "$PROGRAM" profile >&-; echo "exit $?" >&2`);
    expect(stderr).toMatch(/^exit [01]\n$/);
  });

  test.skipIf(!existsSync("/dev/full"))("to a full disk is an error", async () => {
    const { stdout, stderr } = await shell(
      `"$NODE" "$PROGRAM" run --config "$CONFIG" < <(echo hello) > /dev/full; echo "exit $?"`,
    );
    expect(stdout).toBe("exit 1\n");
    expect(stderr).toMatch(/^error: Cannot write the output: .*no space left/i);
  });

  test("without standard input ends like at the end of the input", async () => {
    const { stdout } = await shell(`"$NODE" "$PROGRAM" run --config "$CONFIG" <&-; echo "exit $?"`);
    expect(stdout).toMatch(/Session ended\.\nexit 0\n$/);
  });
});
