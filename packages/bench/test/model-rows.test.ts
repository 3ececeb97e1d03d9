import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { budgets } from "../src/budgets.mjs";
import { checkedReplies } from "../src/engine/measure-replies.mjs";
import { judgeRow } from "../src/judge-row.mjs";
import { localModels } from "../src/local-models.mjs";
import { abortRows } from "../src/measure-aborts.mjs";
import { draftRows } from "../src/measure-drafts.mjs";
import { engineRows, neighborRows } from "../src/measure-engine.mjs";
import { firstTokenRows } from "../src/measure-first-token.mjs";
import { programRows } from "../src/measure-program.mjs";
import { modelBudgets } from "../src/model-budgets.mjs";
import { isFailed, type Row } from "../src/report-row.mjs";

const work = (milliseconds: number, tokens = 10) => ({ tokens, cpu_ms: milliseconds, wall_ms: 2 * milliseconds });
const replies = (prefill: number, decode: number) => ({ prefill: work(prefill), decode: work(decode) });
const done = <Figures>(...figures: Figures[]) => ({ figures, failure: null });
const broken = { figures: [], failure: new Error("no such file") };

const find = (rows: readonly Row[], figure: string) => {
  const row = rows.find((candidate) => candidate.figure === figure);
  if (row === undefined || isFailed(row)) throw new Error(`${figure} is not among ${rows.map((one) => one.figure)}`);
  return row;
};

/** All rows of nanoagent for the model questions, from equal figures. */
function allModelRows(): Row[] {
  const one = done(replies(1, 1));
  const start = done({ cpu_ms: 1, wall_ms: 1 });
  const text = (kind: string) => ({ kind, ratios: [1], tokens: 9 });
  const aborted = [{ reply_ms: 1, free_ms: 1 }];
  return localModels("/nowhere").flatMap(({ name }) => [
    ...["one", "two"].flatMap((threads) => engineRows(`${name}-${threads}`, name, { bare: one, nanoagent: one })),
    ...[0, 1, 2].flatMap((count) => neighborRows(`${name}-${count}`, name, { "bare, 1 thread": one, nanoagent: one })),
    ...(["first-token", "one-word"] as const).flatMap((question) =>
      firstTokenRows(question, name, name, { bare: start, program: start, library: start, "llama-server": start }),
    ),
    ...draftRows(name, name, {
      lookup: ["quote", "summary", "edit", "json", "chat"].map(text),
      grammar: ["record", "call"].map(text),
    }),
    ...abortRows(name, name, { reading: aborted, writing: aborted }),
    ...programRows([{ seconds: 1, lastMicroseconds: 1, slowdown: 1, growthBytes: 1 }]),
  ]);
}

describe("rows of local models", () => {
  it("exist for each budget, in its unit", () => {
    const rows = allModelRows();
    for (const { figure, unit } of modelBudgets) expect(find(rows, figure)).toMatchObject({ unit });
    for (const row of rows) expect(() => judgeRow(row, budgets)).not.toThrow();
  });

  it("compare within a round, so that a machine that gets slower has no effect", () => {
    const speeds = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(speeds, fc.double({ min: 0.5, max: 4, noNaN: true }), (rounds, factor) => {
        const rows = engineRows("135m-one", "a model", {
          bare: done(...rounds.map((slow) => replies(slow, 3 * slow))),
          nanoagent: done(...rounds.map((slow) => replies(factor * slow, 3 * slow))),
        });
        expect(find(rows, "engine/135m-one/prefill-cpu").median).toBeCloseTo(factor, 8);
        expect(find(rows, "engine/135m-one/prefill-wall").median).toBeCloseTo(factor, 8);
        expect(find(rows, "engine/135m-one/decode-cpu").median).toBeCloseTo(1, 8);
      }),
    );
  });

  it("are per token, so that a shorter reply does not count as faster", () => {
    const rows = engineRows("135m-one", "a model", {
      bare: done({ prefill: work(100, 100), decode: work(60, 60) }),
      nanoagent: done({ prefill: work(110, 110), decode: work(20, 20) }),
    });
    for (const piece of ["prefill", "decode"]) {
      expect(find(rows, `engine/135m-one/${piece}-cpu`).median).toBeCloseTo(1, 8);
    }
  });

  it("compare nanoagent with the better fixed choice of each round", () => {
    const rows = neighborRows("135m-1", "a model", {
      "bare, 1 thread": done(replies(10, 10), replies(40, 10)),
      "bare, 2 threads": done(replies(20, 5), replies(20, 50)),
      nanoagent: done(replies(30, 10), replies(30, 10)),
    });
    // The lowest wall times are 20 and 40, compared with 60 each; then 10 and 20, compared with 20 each.
    expect(find(rows, "neighbors/135m-1/prefill")).toMatchObject({ minimum: 1.5, median: 2.25 });
    expect(find(rows, "neighbors/135m-1/decode")).toMatchObject({ minimum: 1, median: 1.5 });
  });

  it("are lost if llama-server is faster, and missed if the limit is our own", () => {
    const rows = firstTokenRows("first-token", "135m", "a model", {
      bare: done({ cpu_ms: 100, wall_ms: 100 }),
      program: done({ cpu_ms: 150, wall_ms: 130 }),
      library: done({ cpu_ms: 110, wall_ms: 110 }),
      "llama-server": done({ cpu_ms: 120, wall_ms: 120 }),
    });
    const verdicts = (way: string) =>
      [`${way}-cpu`, `${way}-wall-of-server`].map(
        (figure) => judgeRow(find(rows, `first-token/135m/${figure}`), budgets)?.word,
      );
    expect(verdicts("program")).toEqual(["missed", "lost"]);
    expect(verdicts("library")).toEqual(["met", "met"]);
  });

  it("name contenders that could not be measured, and keep the others", () => {
    const rows = engineRows("135m-one", "a model", {
      bare: done(replies(1, 1)),
      nanoagent: done(replies(1, 1)),
      "node-llama-cpp": broken,
    });
    expect(rows.filter(isFailed)).toMatchObject([
      { figure: "engine/135m-one/node-llama-cpp", failure: "no such file" },
    ]);
    expect(find(rows, "engine/135m-one/decode-cpu").median).toBe(1);
    expect(engineRows("135m-one", "a model", { bare: broken, nanoagent: done(replies(1, 1)) })).toMatchObject([
      { failure: "no such file" },
    ]);
    const lone = { "bare, 1 thread": broken, nanoagent: done(replies(1, 1)) };
    expect(neighborRows("135m-1", "a model", lone)).toMatchObject([{ failure: "no such file" }]);
  });
});

describe("checkedReplies", () => {
  it("refuses replies that are too short, except for a contender that collapsed", () => {
    expect(() => checkedReplies({ prefill: work(10), decode: work(10, 0) })).toThrow("1 tokens");
    expect(() => checkedReplies({ prefill: work(10), decode: work(10, Number.NaN) })).toThrow(RangeError);
    expect(() => checkedReplies({ prefill: work(10, Number.NaN), decode: work(10) })).toThrow(RangeError);
    expect(checkedReplies({ prefill: work(10), decode: work(20_000, 2) })).toMatchObject({ decode: { tokens: 2 } });
  });
});

describe("localModels", () => {
  it("lists all models, and whether their files exist", () => {
    expect(localModels("/nowhere").map(({ name, isThere }) => [name, isThere])).toEqual([
      ["135m", false],
      ["0.5b", false],
      ["1.5b", false],
    ]);
  });
});
