import { MAX_GRAMMAR_BYTES, MAX_RULES, REPETITION_BLOCK } from "../../../../json-schema/grammar-limits.js";
import { SchemaNotSupportedError } from "../../../../json-schema/schema-not-supported-error.js";

/**
 * Collects the rules of one grammar in GBNF, llama.cpp's notation. The files of this folder produce expressions: texts
 * that are valid wherever a single element is.
 */
export class GrammarRules {
  /** Names by body, so that equal rules are shared. */
  readonly #names = new Map<string, string>();
  readonly #lines: string[] = [];
  readonly #encoder = new TextEncoder();
  #bytes = 0;
  /** Number of rules in the engine, which creates one for every group and optional repetition. */
  #engineRules = 0;

  /** Returns the name of a rule for one of `alternatives`, each a sequence of expressions. Reuses an equal rule. */
  define(kind: string, ...alternatives: string[]): string {
    const body = alternatives.join(" | ");
    if (/^[a-z][a-z\d-]*$/.test(body)) return body;
    const known = this.#names.get(body);
    if (known !== undefined) return known;
    const name = `${kind}-${this.#lines.length}`;
    this.#names.set(body, name);
    this.#add(`${name} ::= ${body}`);
    return name;
  }

  /** Expression for the rule `item`, repeated `minimum` to `maximum` times. */
  repeat(item: string, minimum: number, maximum: number): string {
    if (maximum === 0) return '""';
    if (maximum === 1) return minimum === 1 ? item : `${item}?`;
    if (maximum <= REPETITION_BLOCK) return `${item}{${minimum},${maximum}}`;
    const block = this.define(`${item}-block`, `${item}{${REPETITION_BLOCK}}`);
    const parts: string[] = [];
    const blocks = Math.floor(minimum / REPETITION_BLOCK);
    if (blocks > 0) parts.push(this.repeat(block, blocks, blocks));
    if (minimum % REPETITION_BLOCK > 0) parts.push(`${item}{${minimum % REPETITION_BLOCK}}`);
    if (maximum > minimum) parts.push(this.#upTo(item, block, maximum - minimum));
    return parts.join(" ");
  }

  /** A chain whose end is shared by all maximums with the same remainder. */
  #upTo(item: string, block: string, maximum: number): string {
    const few = (count: number) => this.define(`${item}-few`, `${item}{0,${count}}`);
    if (maximum <= REPETITION_BLOCK) return few(maximum);
    return this.define(
      `${item}-many`,
      `${block} ${this.#upTo(item, block, maximum - REPETITION_BLOCK)}`,
      few(REPETITION_BLOCK - 1),
    );
  }

  /** Returns the grammar that starts with the rule `start`. */
  toText(start: string): string {
    return `root ::= ${start}\n${this.#lines.join("\n")}\n`;
  }

  #add(line: string): void {
    this.#lines.push(line);
    this.#bytes += this.#encoder.encode(line).length + 1;
    this.#engineRules += 1 + countEngineRules(line);
    if (this.#engineRules > MAX_RULES || this.#bytes > MAX_GRAMMAR_BYTES) {
      throw new SchemaNotSupportedError({
        path: "",
        keyword: null,
        message: `The schema needs a grammar of more than ${MAX_RULES} rules or ${MAX_GRAMMAR_BYTES} bytes.`,
        hint: "Split it over several replies, or use fewer different lengths, properties and values.",
      });
    }
  }
}

/** Expression for one of several sequences. */
export function choice(alternatives: readonly string[]): string {
  const [only = '""'] = alternatives;
  return alternatives.length > 1 ? `(${alternatives.join(" | ")})` : only;
}

const escapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Expression for a literal text. Line breaks and tabs are the only control characters allowed in it. */
export function literal(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&").replace(/[\n\r\t]/g, (character) => escapes[character] ?? "")}"`;
}

function countEngineRules(line: string): number {
  let count = 0;
  // Skip quoted texts, whose content only looks like operators.
  for (const [found, minimum, maximum] of line.matchAll(/"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{(\d+),(\d+)\}|[(?]/g)) {
    if (found === "(" || found === "?") count += 1;
    else if (maximum !== undefined) count += Number(maximum) - Number(minimum);
  }
  return count;
}
