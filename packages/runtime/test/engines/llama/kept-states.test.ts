import { chmod, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeptStates, type StateModel } from "../../../src/engines/llama/kept-states.js";
import { PromptCache, type TokenEvaluator } from "../../../src/engines/llama/prompt-cache.js";
import { temporaryFolder } from "../../temporary-folder.js";

const BYTES_PER_TOKEN = 100;

/** A model that records its input. A state is the list of its tokens, filled up to a size. */
class NotingModel implements TokenEvaluator, StateModel {
  readonly contextTokens = 4096;
  tokens: number[] = [];
  evaluated = 0;
  loads = 0;
  milliseconds = 0;
  millisecondsPerToken = 10;
  millisecondsPerByte = 0;
  canForgetParts = false;
  isDiskFull = false;

  async evaluate(position: number, tokens: readonly number[]): Promise<number> {
    expect(position).toBe(this.tokens.length);
    this.tokens.push(...tokens);
    this.evaluated += tokens.length;
    this.milliseconds += tokens.length * this.millisecondsPerToken;
    return this.tokens.length - 1;
  }

  async evaluateEach(position: number, tokens: readonly number[], from: number): Promise<number[]> {
    await this.evaluate(position, tokens);
    return tokens.slice(from).map((_, index) => position + from + index);
  }

  canRemoveFrom(position: number): boolean {
    return this.canForgetParts || position === 0 || position >= this.tokens.length;
  }

  removeFrom(position: number): boolean {
    if (!this.canRemoveFrom(position)) return false;
    this.tokens.length = position;
    return true;
  }

  async saveTo(file: string, tokens: readonly number[]): Promise<number> {
    expect(tokens).toEqual(this.tokens);
    if (this.isDiskFull) throw new Error("No space left on device.");
    const bytes = tokens.length * BYTES_PER_TOKEN;
    await writeFile(file, JSON.stringify(tokens).padEnd(bytes));
    this.milliseconds += bytes * this.millisecondsPerByte;
    return bytes;
  }

  async loadFrom(file: string): Promise<number[]> {
    const tokens: number[] = JSON.parse(await readFile(file, "utf8"));
    this.tokens = [...tokens];
    this.loads += 1;
    this.milliseconds += tokens.length * BYTES_PER_TOKEN * this.millisecondsPerByte;
    return tokens;
  }
}

/** Every character is one token. */
const tokenize = (text: string) => [...text].map((character) => character.charCodeAt(0));
const never = () => false;
const instructions = "You water the plants of the greenhouse. ".repeat(4);

async function open(settings: Partial<NotingModel> = {}) {
  const model = Object.assign(new NotingModel(), settings);
  const clock = () => model.milliseconds;
  const cache = new PromptCache(model, { batchTokens: 64, clock });
  const caches = await temporaryFolder();
  const kept = new KeptStates(cache, model, { caches, clock });
  const folder = path.join(caches, "nanoagent", "engine-states");
  return { model, cache, caches, kept, folder };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** Evaluates a prompt and a reply. Returns the number of tokens of the prompt that were known. */
async function turn({ model, cache, kept }: Opened, text: string, reply = ""): Promise<number> {
  await kept.select(text, tokenize);
  const tokens = cache.tokensOf(text, tokenize);
  const known = kept.keepCommonPrefix(tokens);
  expect(await kept.prefill(tokens, never)).toBe("done");
  expect(model.tokens).toEqual(tokens);
  cache.mark(text, cache.length);
  for (const token of tokenize(reply)) await cache.append([token]);
  cache.mark(text + reply, cache.length);
  return known;
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith(".kv")).map((name) => path.join(folder, name));
}

describe("a model that cannot forget the end of a conversation", () => {
  test("evaluates what two conversations share twice, and later ones load it", async () => {
    const opened = await open();
    expect(await turn(opened, `${instructions}Ada: hello`)).toBe(0);
    expect(await turn(opened, `${instructions}Ben: hello`)).toBe(0);
    for (const name of ["Cleo", "Dan", "Eve", "Finn"]) {
      expect(await turn(opened, `${instructions}${name}: hello`)).toBeGreaterThanOrEqual(instructions.length);
    }
  });

  test("continues two conversations that alternate where they were", async () => {
    const opened = await open();
    const asks = "asks how the tomatoes in bed three are, and whether it will rain";
    const texts = { ada: `${instructions}Ada ${asks}`, ben: `${instructions}Ben ${asks}` };
    for (const name of ["ada", "ben"] as const) {
      await turn(opened, texts[name], " Yes.");
      texts[name] += " Yes.";
    }
    for (let times = 0; times < 4; times++) {
      for (const name of ["ada", "ben"] as const) {
        const before = texts[name].length;
        texts[name] += ` And what about the cucumbers, number ${times}?`;
        expect(await turn(opened, texts[name], " Yes.")).toBe(before);
        texts[name] += " Yes.";
      }
    }
  });

  test("keeps at most two beginnings and two conversations, readable for this user alone, until it is closed", async () => {
    const opened = await open();
    for (let count = 0; count < 12; count++) {
      await turn(opened, `${instructions.slice(0, 60 + 7 * (count % 5))}|${count} ${instructions}`);
    }
    const files = await filesIn(opened.folder);
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThanOrEqual(4);
    for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600);
    const [own = ""] = await readdir(opened.folder);
    expect((await stat(path.join(opened.folder, own))).mode & 0o777).toBe(0o700);
    await opened.kept.close();
    expect(await readdir(opened.folder)).toEqual([]);
  });

  test.each([
    ["damaged", async (file: string) => writeFile(file, (await readFile(file, "utf8")).replace("1", "2"))],
    ["cut", (file: string) => truncate(file, 100)],
    ["empty", (file: string) => truncate(file, 0)],
    ["gone", (file: string) => rm(file)],
  ])("evaluates again what is in a file that is %s", async (_, damage) => {
    const opened = await open();
    for (const name of ["Ada", "Ben", "Cleo"]) await turn(opened, `${instructions}${name}: hello`);
    for (const file of await filesIn(opened.folder)) await damage(file);
    const { loads } = opened.model;
    expect(await turn(opened, `${instructions}Dan: hello`)).toBe(0);
    expect(opened.model.loads).toBe(loads);
    await turn(opened, `${instructions}Eve: hello`);
    expect(await turn(opened, `${instructions}Finn: hello`)).toBeGreaterThanOrEqual(instructions.length);
  });

  test("evaluates again what the model fails to load", async () => {
    const opened = await open();
    for (const name of ["Ada", "Ben", "Cleo"]) await turn(opened, `${instructions}${name}: hello`);
    opened.model.loadFrom = async () => {
      opened.model.tokens = [7];
      throw new Error("Failed to load state from file.");
    };
    expect(await turn(opened, `${instructions}Dan: hello`)).toBe(0);
  });
});

test("a model that can forget the end keeps conversations, but no beginnings", async () => {
  const opened = await open({ canForgetParts: true });
  await turn(opened, `${instructions}Ada: hello`);
  expect(await turn(opened, `${instructions}Ben: hello`)).toBe(instructions.length);
  expect(await filesIn(opened.folder).catch(() => [])).toEqual([]);
  const long = "The pump is loud. ".repeat(10);
  await turn(opened, `${instructions}Cleo: ${long}`);
  expect(await turn(opened, `${instructions}Ada: hello`)).toBe(instructions.length);
  expect(await filesIn(opened.folder)).toHaveLength(1);
  expect(await turn(opened, `${instructions}Cleo: ${long}Still?`)).toBe(`${instructions}Cleo: ${long}`.length);
});

describe("nothing is written", () => {
  const alternate = async (opened: Opened, times = 6) => {
    for (let count = 0; count < times; count++) await turn(opened, `${instructions}${count}: hello ${instructions}`);
  };

  test("for tokens that are evaluated quickly", async () => {
    const opened = await open({ millisecondsPerToken: 0.01 });
    await alternate(opened);
    expect(await readdir(opened.caches)).toEqual([]);
  });

  test("more than twice if a disk is slower than the model", async () => {
    const opened = await open({ millisecondsPerByte: 1 });
    await alternate(opened);
    expect((await filesIn(opened.folder)).length).toBeLessThanOrEqual(2);
    expect(opened.model.loads).toBeLessThanOrEqual(1);
  });

  test("after the disk was full", async () => {
    const opened = await open({ isDiskFull: true });
    await alternate(opened);
    opened.model.isDiskFull = false;
    await alternate(opened);
    expect(await filesIn(opened.folder)).toEqual([]);
  });

  test.skipIf(process.geteuid?.() === 0)("without a folder to write to", async () => {
    const opened = await open();
    await chmod(opened.caches, 0o500);
    await alternate(opened);
    expect(await readdir(opened.caches)).toEqual([]);
  });

  test("into a folder that others can write to", async () => {
    const opened = await open();
    await chmod(opened.caches, 0o755);
    await turn(opened, "a");
    await mkdir(path.join(opened.caches, "nanoagent"));
    await chmod(path.join(opened.caches, "nanoagent"), 0o777);
    await alternate(opened);
    expect(await readdir(path.join(opened.caches, "nanoagent"))).toEqual([]);
  });
});

test("after any conversations, the model holds exactly the tokens of the last prompt", async () => {
  const one = fc.record({
    conversation: fc.nat(3),
    more: fc.string({ maxLength: 30 }),
    keeps: fc.nat(200),
    reply: fc.string({ maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 12 }), fc.boolean(), async (turns, canForgetParts) => {
      const opened = await open({ canForgetParts });
      const texts = ["", "", "", ""];
      for (const { conversation, more, keeps, reply } of turns) {
        const text = `${instructions}${(texts[conversation] ?? "").slice(0, keeps)}${more}.`;
        await turn(opened, text, reply);
        texts[conversation] = `${text}${reply}`.slice(instructions.length);
      }
      await opened.kept.close();
    }),
    { numRuns: 40 },
  );
});
