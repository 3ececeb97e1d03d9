import path from "node:path";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { hasTmux, TmuxTerminal } from "../tmux.js";
import { Device } from "./device.js";
import { TINY, tinyFiles } from "./tiny-models.js";

let mirror: HubMirror;
beforeAll(async () => {
  mirror = await startHubMirror({ repositories: { [TINY]: { files: tinyFiles, license: "apache-2.0" } } });
});
afterAll(() => mirror.close());

describe.skipIf(!hasTmux)("pull at a terminal (tmux)", () => {
  function open(...args: string[]): { terminal: TmuxTerminal; device: Device } {
    const device = new Device({ HF_ENDPOINT: mirror.url });
    const command = ["models", "pull", ...args];
    const terminal = new TmuxTerminal(command, { columns: 120, rows: 40, environment: device.environment });
    onTestFinished(() => terminal.close());
    return { terminal, device };
  }
  const nameOf = async (device: Device) => {
    const { models } = await device.json<{ models: { path: string }[] }>("models", "list");
    return models.map((model) => path.basename(model.path));
  };

  test("asks which quantization to download, until the answer is one", async () => {
    const { terminal, device } = open(TINY);
    await terminal.see("Number or quantization to download (Ctrl-C for none) [");
    terminal.type("9");
    terminal.press("Enter");
    await terminal.see('"9" is not in the table. Type a number from 1 to 3.');
    terminal.type("q4_0");
    terminal.press("Enter");
    await terminal.see("exit code 0");
    expect(await nameOf(device)).toEqual(["tiny-Q4_0.gguf"]);
    expect(terminal.screen).toContain(`nanoagent run --model ${TINY}:Q4_0`);
  });

  test("takes the best on Enter, and nothing on Ctrl-C", async () => {
    const { terminal, device } = open(TINY);
    await terminal.see("Number or quantization to download (Ctrl-C for none) [");
    const best = /^Best: (\S+)\.$/m.exec(terminal.screen)?.[1] ?? expect.fail(terminal.screen);
    terminal.press("Enter");
    await terminal.see("exit code 0");
    expect(await nameOf(device)).toEqual([expect.stringContaining(best)]);
    const other = open(TINY);
    await other.terminal.see("Number or quantization to download (Ctrl-C for none) [");
    other.terminal.press("C-c");
    await other.terminal.see("exit code 130");
    expect(await nameOf(other.device)).toEqual([]);
  });

  test("asks nothing for a quantization that is named", async () => {
    const { terminal } = open(TINY, "--quant", "Q8_0");
    await terminal.see("exit code 0");
    expect(terminal.screen).not.toContain("Number or quantization");
  });
});
