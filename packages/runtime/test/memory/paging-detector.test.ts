import { describe, expect, test } from "vitest";
import { PagingDetector } from "../../src/memory/paging-detector.js";

const FILE_BYTES = 100 * 2 ** 20;

/** Feeds forty samples, four per second. */
function judge(before: number, tokensPerSecond: number, faultsPerSecond: number, fileBytes = FILE_BYTES): boolean {
  const paging = new PagingDetector(fileBytes);
  let [time, work, majorFaults] = [0, 0, before];
  for (; time < 10_000; time += 250) {
    work += 5;
    paging.isPaging({ time, majorFaults, work });
  }
  let verdict = false;
  for (; time < 24_000; time += 250) {
    work += tokensPerSecond / 4;
    majorFaults += faultsPerSecond / 4;
    verdict = paging.isPaging({ time, majorFaults, work }) || verdict;
  }
  return verdict;
}

describe("an engine only pages", () => {
  test("if it waits for storage constantly and makes hardly any progress", () => {
    expect(judge(5000, 1, 400)).toBe(true);
    expect(judge(5000, 0, 400)).toBe(true);
  });
});

describe("an engine does not only page", () => {
  test.each([
    ["if it has its usual speed", 5000, 20, 400],
    ["if it is slow for another reason", 5000, 1, 5],
    ["while its file is read for the first time", 0, 1, 100],
  ])("%s", (_, before, tokensPerSecond, faultsPerSecond) => {
    expect(judge(before, tokensPerSecond, faultsPerSecond)).toBe(false);
  });

  test("between two tasks", () => {
    const paging = new PagingDetector(1);
    for (let time = 0; time < 60_000; time += 250) {
      if (time % 5000 === 0) paging.rest();
      expect(paging.isPaging({ time, majorFaults: time * 10, work: 1 })).toBe(false);
    }
  });
});
