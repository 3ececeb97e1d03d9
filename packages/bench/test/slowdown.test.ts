import { describe, expect, it } from "vitest";
import { slowdown } from "../src/slowdown.mjs";

const turns = (count: number, cost: (turn: number) => number) => Array.from({ length: count }, (_, turn) => cost(turn));

describe("slowdown", () => {
  it("is 1 if every turn takes the same time", () => {
    expect(slowdown(turns(10_000, () => 25))).toEqual({ slowdown: 1, lastMicroseconds: 25 });
  });

  it("compares the last 500 turns with the first 500", () => {
    const cost = (turn: number) => (turn < 500 ? 10 : turn < 9_500 ? 1_000 : 40);
    expect(slowdown(turns(10_000, cost))).toEqual({ slowdown: 4, lastMicroseconds: 40 });
  });

  it("compares the halves of a short session", () => {
    expect(slowdown(turns(8, (turn) => (turn < 4 ? 10 : 20))).slowdown).toBe(2);
    expect(slowdown(Float64Array.from([1, 3, 5])).slowdown).toBe(2);
  });

  it("ignores a single pause", () => {
    expect(slowdown(turns(10_000, (turn) => (turn === 100 ? 200_000 : 25))).slowdown).toBe(1);
  });

  it("accepts a session with a single turn", () => {
    expect(slowdown([70])).toEqual({ slowdown: 1, lastMicroseconds: 70 });
  });
});
