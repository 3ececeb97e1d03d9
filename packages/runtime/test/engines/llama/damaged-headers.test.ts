import { writeFile } from "node:fs/promises";
import path from "node:path";
import { NanoAgentConfig, NanoAgentError } from "@nanoagent/models";
import { planFit, readGguf } from "@nanoagent/optimizer";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLlamaEngine } from "../../../src/engines/llama/check-llama-engine.js";
import { openLlamaEngine } from "../../../src/engines/llama/open-llama-engine.js";
import { sampleConfig, sampleDevice } from "../../sample-config.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { hasAddon } from "./tiny-model.js";

const RUNS = process.env.NANOAGENT_SOAK === "1" ? 500 : 50;
/** Most time for one file, from its header to a reply. */
const LIMIT_SECONDS = 60;

const whole = Buffer.from(buildTinyGguf());
/** The header, up to the last entry of the tensor table. */
const headerBytes = whole.lastIndexOf("ffn_down.weight") + 48;

/** Numbers that have caused overflows, hangs or divisions by zero. */
const EXTREMES = [0n, 1n, 3n, 255n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
/** NaN, infinities and a negative number, in 32 bits. */
const FLOATS = [0x7fc00000, 0x7f800000, 0xff800000, 0xbf800000];

/** Places where fields begin, after the text of a key or tensor name. */
const fields = [
  ...whole
    .subarray(0, headerBytes)
    .toString("latin1")
    .matchAll(/llama\.[\w.]+|tokenizer\.ggml\.\w+_id|blk\.[\w.]+|general\.\w+/g),
].map((match) => (match.index ?? 0) + match[0].length);

const place = fc.nat({ max: headerBytes - 9 });
const fieldPlace = fc
  .tuple(fc.constantFrom(...fields), fc.nat({ max: 24 }))
  .map(([at, beyond]) => Math.min(at + beyond, headerBytes - 9));

/** One kind of damage per row. */
const damages: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .tuple(place, fc.nat({ max: 7 }))
    .map(([at, bit]) => changed((copy) => copy.writeUInt8((copy[at] ?? 0) ^ (1 << bit), at))),
  fc
    .tuple(fieldPlace, fc.nat({ max: 7 }))
    .map(([at, bit]) => changed((copy) => copy.writeUInt8((copy[at] ?? 0) ^ (1 << bit), at))),
  fc.nat({ max: whole.length - 1 }).map((length) => Buffer.from(whole.subarray(0, length))),
  fc
    .tuple(fieldPlace, fc.constantFrom(...EXTREMES))
    .map(([at, value]) => changed((copy) => copy.writeBigUInt64LE(value, at))),
  fc
    .tuple(fieldPlace, fc.constantFrom(...EXTREMES))
    .map(([at, value]) => changed((copy) => copy.writeUInt32LE(Number(value & 0xffffffffn), at))),
  fc
    .tuple(fieldPlace, fc.constantFrom(...FLOATS))
    .map(([at, value]) => changed((copy) => copy.writeUInt32LE(value, at))),
  // Type number of a value or a tensor.
  fc.tuple(fieldPlace, fc.nat({ max: 45 })).map(([at, type]) => changed((copy) => copy.writeUInt32LE(type, at))),
  // Swap two entries, or duplicate one.
  fc.tuple(fieldPlace, fieldPlace).map(([from, to]) => changed((copy) => copy.copyWithin(to, from, from + 8))),
);

function changed(change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(whole);
  change(copy);
  return copy;
}

describe.skipIf(!hasAddon)("damaged headers", () => {
  test(`${RUNS} files, from the header to a reply of llama.cpp`, { timeout: RUNS * 20_000 }, async () => {
    const row = { tried: 0, refused: 0, answered: 0, failed_typed: 0, lost: 0, wrong: 0, silent: 0 };
    const faults: string[] = [];
    const config = NanoAgentConfig.parse(sampleConfig({ device: { ...sampleDevice, cpu_cores: 1 } }));
    const folder = await temporaryFolder();
    const file = path.join(folder, "damaged.gguf");
    for (const bytes of fc.sample(damages, { numRuns: RUNS, seed: 20_251 })) {
      row.tried++;
      await writeFile(file, bytes);
      const began = performance.now();
      const typed = (error: unknown): NanoAgentError => {
        if (NanoAgentError.isInstance(error) && error.message !== "") return error;
        row.lost++;
        faults.push(`${row.tried}: ${String(error)}`);
        return new NanoAgentError({ code: "lost", message: "lost" });
      };
      const plan = await readGguf(file)
        .then((header) =>
          planFit({
            models: [header],
            device: config.device,
            cpuFeatures: [],
            budgetBytes: 2 ** 31,
            goal: { mayQuantize: false },
          }),
        )
        .catch(typed);
      const check = await checkLlamaEngine({ ...config, model_path: file });
      const isRefused = check.issues.some(({ severity }) => severity === "error");
      // Both decide from the same header.
      if (
        plan instanceof NanoAgentError !== isRefused &&
        plan instanceof NanoAgentError &&
        plan.code !== "does-not-fit"
      ) {
        row.wrong++;
        faults.push(`${row.tried}: planned ${plan}, checked ${JSON.stringify(check.issues)}`);
      }
      const engine = await openLlamaEngine({ ...config, model_path: file }).catch(typed);
      if (engine instanceof NanoAgentError) {
        if (isRefused) row.refused++;
        else row.failed_typed++;
        if (engine.hint === null) row.silent++;
      } else {
        if (isRefused) row.wrong++;
        const messages = [{ role: "user" as const, content: "hi" }];
        const sampling = { maxTokens: 4 };
        let isOver = false;
        for await (const event of engine.generate({ instructions: null, messages, sampling })) {
          if (event.type === "end") row.answered++;
          else if (event.type === "error") {
            typed(event.error);
            row.failed_typed++;
          }
          isOver ||= event.type === "end" || event.type === "error";
        }
        if (!isOver) row.silent++;
        await engine.close();
      }
      if (performance.now() - began > LIMIT_SECONDS * 1000) {
        row.lost++;
        faults.push(`${row.tried}: took ${Math.round(performance.now() - began)} ms`);
      }
    }
    process.stdout.write(`damaged headers: ${JSON.stringify(row)}\n`);
    expect(faults).toEqual([]);
    expect(row).toMatchObject({ tried: RUNS, lost: 0, wrong: 0, silent: 0 });
  });
});
