import { expect, test } from "vitest";
import { RecalledMessages } from "../../src/input/recalled-messages.js";

test("messages of several lines come back whole, also edited ones", () => {
  const recall = new RecalledMessages(["one", "two\nlines"]);
  expect(recall.lines).toEqual(["two⏎lines", "one"]);
  expect(recall.messageOf("two⏎lines")).toBe("two\nlines");
  expect(recall.messageOf("two⏎more lines")).toBe("two\nmore lines");
  expect(recall.messageOf("one")).toBe("one");
});

test("a sign that somebody types stays what it is", () => {
  const recall = new RecalledMessages(["two\nlines"]);
  expect(recall.messageOf("press ⏎ now")).toBe("press ⏎ now");
  recall.add("press ⏎ now");
  expect(recall.messageOf("press ⏎ now")).toBe("press ⏎ now");
});

test("a message is there once, and the newest come first", () => {
  const recall = new RecalledMessages(["a", "b", "a"]);
  expect(recall.lines).toEqual(["a", "b"]);
  for (let count = 0; count < 2000; count++) recall.add(`message ${count}`);
  expect(recall.lines).toHaveLength(1000);
  expect(recall.lines[0]).toBe("message 1999");
});
