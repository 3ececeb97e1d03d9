import fc from "fast-check";
import { expect, test } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import { readContent } from "../../src/turns/read-content.js";

test.each<[unknown, string]>([
  ["a text", "a text"],
  [null, ""],
  [undefined, ""],
  [[], ""],
  [[{ type: "text", text: "one" }, { type: "input_text", text: "two" }, "three"], "one\ntwo\nthree"],
  [[{ type: "output_text", text: "said", annotations: [] }], "said"],
  [[{ type: "refusal", refusal: "no" }], "no"],
])("%j is the text %j", (content, text) => {
  expect(readContent(content, "content")).toBe(text);
});

test.each<[unknown, string, RegExp]>([
  [5, "content", /must be a text or a list/],
  [[5], "content[0]", /must be an object/],
  [[{ text: "x" }], "content[0]", /must be an object with a type/],
  [[{ type: "text" }], "content[0].text", /must be a text/],
  [[{ type: "constructor" }], "content[0]", /unknown type "constructor"/],
  [["a", { type: "image_url", image_url: { url: "data:" } }], "content[1]", /has images, which this agent cannot read/],
  [[{ type: "input_audio", input_audio: {} }], "content[0]", /has audio/],
  [[{ type: "input_file", file_id: "f" }], "content[0]", /has files/],
])("%j is refused", (content, param, message) => {
  expect(() => readContent(content, "content")).toThrow(
    expect.objectContaining({ status: 400, param, message: expect.stringMatching(message) }),
  );
});

test("any content is a text or a typed error", () => {
  fc.assert(
    fc.property(fc.anything(), (content) => {
      try {
        expect(typeof readContent(content, "content")).toBe("string");
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
      }
    }),
  );
});
