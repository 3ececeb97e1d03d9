import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChatJinja } from "../../../../src/engines/llama/template/chat-jinja.js";
import { TemplateError } from "../../../../src/engines/llama/template/template-error.js";
import { recorded, variables } from "./recorded-templates.js";

const render = (template: string, values: Record<string, unknown> = {}) => new ChatJinja(template).render(values);

test.each(recorded)("renders like jinja2: %s", (template, text) => {
  expect(render(template, structuredClone(variables))).toBe(text);
});

test.each([
  "{{ x | nofilter }}",
  "{{ x is notest }}",
  "{% include 'x' %}",
  "{% for x in y %}",
  "{% if %}{% endif %}",
  "{{ 'open }}",
  "{{ missing.of.this }}",
  "{{ raise_exception('no') }}",
  "{% endif %}",
  "{{ 1 / 0 }}",
  "{{ [] | first | upper }}{{ none.x.y }}",
  "{# open",
  "{{ nofunction() }}",
])("rejects with a TemplateError: %s", (template) => {
  expect(() => render(template)).toThrow(TemplateError);
});

test("data survive a JSON round trip", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const data = JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto"));
      expect(JSON.parse(render("{{ value | tojson }}", { value: data }))).toEqual(data);
      expect(JSON.parse(render("{{ value | tojson(indent=2, ensure_ascii=true) }}", { value: data }))).toEqual(data);
    }),
  );
});

test("any text is rendered unchanged", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      expect(render("{{ value }}", { value })).toBe(value);
      expect(render("{{ value | string ~ '' }}", { value })).toBe(value);
      expect(render("{{ value[:3] ~ value[3:] }}", { value })).toBe(value);
      expect(render("{{ value | length }}", { value })).toBe(String(Array.from(value).length));
    }),
  );
});

test("any source either renders or throws a TemplateError", () => {
  const piece = fc.constantFrom(
    ..."{{|}}|{%|%}|{#|#}|-|x|if|for|in|else|endif|endfor|set|=|(|)|[|]|'|\"|a|.|,|:|~|not|is|\n| |raw|endraw|macro|1".split(
      "|",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        render(pieces.join(""), { x: [1, 2], a: { x: "y" } });
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError);
      }
    }),
    { numRuns: 500 },
  );
});

describe("a hostile template is stopped", () => {
  const deep = (open: string, close: string) => open.repeat(50_000) + close.repeat(50_000);
  test.each([
    ["a long range", "{{ range(1000000000) | list | length }}"],
    [
      "loops in loops",
      "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
    ],
    [
      "a text that doubles",
      "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    ],
    ["a repeated text", "{{ 'x' * 999999999 }}"],
    ["a repeated list", "{{ ([1] * 999999999) | length }}"],
    [
      "a list that doubles",
      "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    ],
    [
      "a tree of shared lists",
      "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
    ],
    [
      "shared lists that are compared",
      "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
    ],
    ["a list in itself", "{% set x = [] %}{% set _ = x.append(x) %}{{ x }}"],
    ["a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"],
    [
      "macros that call two",
      "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    ],
    ["a recursive loop", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"],
    ["parentheses", `{{ ${deep("(", ")")} }}`],
    ["lists", `{{ ${deep("[", "]")} }}`],
    ["blocks", deep("{% if x %}", "{% endif %}")],
    ["filters in a row", `{{ x${" | list".repeat(50_000)} }}`],
    ["operators in a row", `{{ x${" ~ x".repeat(50_000)} }}`],
    ["nots", `{{ ${"not ".repeat(50_000)}x }}`],
    ["wide indents", "{{ ('a\n' * 9999) | indent(999999999) | length }}{{ 'a' | center(999999999) }}"],
    ["a wide format", "{{ '%999999999d' % 1 }}"],
    ["a wide fill", "{{ 'a'.zfill(999999999) }}"],
    ["a large power", "{{ 9.5 ** 99999 }}"],
    [
      "a list that grows",
      "{% set x = [1] %}{% for i in x %}{% set _ = x.append(1) %}{% endfor %}{% for i in range(99) %}{% set _ = x.extend(x) %}{% endfor %}",
    ],
  ])("%s", (_, template) => {
    const since = performance.now();
    expect(() => render(template)).toThrow(TemplateError);
    // Far more than any of them takes, and far less than a hang.
    expect(performance.now() - since).toBeLessThan(20_000);
  });

  test("and a long history is rendered", () => {
    const messages = Array.from({ length: 5000 }, (_, index) => ({
      role: "user",
      content: `${index} ${"x".repeat(700)}`,
    }));
    const template =
      "{% for m in messages %}<{{ m.role }}>{{ m.content | trim | replace('<', '(') }}</{{ m.role }}>{% endfor %}";
    expect(render(template, { messages })).toContain("4999 ");
  });
});

test("a date has English names, regardless of the system's language", () => {
  expect(render("{{ strftime_now('%d %b %Y') }}")).toMatch(/^\d\d [A-Z][a-z]{2} \d{4}$/);
  expect(render("{{ strftime_now('%F') }}")).toMatch(/^\d{4}-\d\d-\d\d$/);
});
