import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { findLlamaAddon } from "@nanoagent/runtime/engines/llama";
import { describe, expect, test } from "vitest";
import { peakOfTree } from "../soak/tree-memory.js";
import { makeFolder, placesIn, ServedProgram } from "./served-program.js";

const hasEngine = process.platform === "linux" && (await findLlamaAddon().catch(() => null)) !== null;
const { NANOAGENT_TEST_MODEL: realModel } = process.env;
const models: [name: string, budgetMb: number, file: string | null][] = [
  ["a tiny model", 160, null],
  ...(realModel ? ([["a real model (NANOAGENT_TEST_MODEL)", 384, realModel]] as const) : []),
].map(([name, budgetMb, file]) => [name as string, budgetMb as number, file as string | null]);

/** More than the conversations that are kept open. */
const CONVERSATIONS = 40;

describe.skipIf(!hasEngine)("a served model", () => {
  test.each(models)(
    "%s stays within the budget with many conversations, and while it is replaced",
    { timeout: 180_000 },
    async (_, budgetMb, given) => {
      const folder = makeFolder();
      const config = path.join(folder, "agent.yaml");
      const file = given ?? path.join(folder, "tiny.gguf");
      if (given === null) await writeFile(file, buildTinyGguf());
      const write = async (instructions: string) => {
        const spec = `spec: { name: shed, max_memory_mb: ${budgetMb} }`;
        const rest = `sampling: { temperature: 0, max_tokens: 8 }\nserve: { conversations: { max: 8 }, bare_model: true }`;
        await writeFile(`${config}.new`, `${spec}\nmodel_path: ${file}\ninstructions: ${instructions}\n${rest}\n`);
        await rename(`${config}.new`, config);
      };
      await write("Answer in one word.");
      const service = await ServedProgram.start(["--config", config], placesIn(folder));
      const { peakMb } = await peakOfTree(service.pid, async () => {
        for (let at = 0; at < CONVERSATIONS; at++)
          await service.say(`What is ${at}?`, { "x-conversation-id": `c${at % 20}` });
        for (const [index, words] of ["Answer in two words.", "Answer in three words."].entries()) {
          await write(words);
          service.child.kill("SIGHUP");
          await service.until(
            () => service.log.filter(({ event }) => /^reload-(end|refused)$/.test(event)).length > index,
            "the reload",
          );
          const reply = await service.stream("And now?");
          await reply.ended;
          expect(reply.isDone).toBe(true);
        }
      });
      expect(service.log.filter(({ level }) => level === "error")).toEqual([]);
      expect(peakMb).toBeLessThan(budgetMb);
      expect(await service.end()).toBe(143);
    },
  );
});
