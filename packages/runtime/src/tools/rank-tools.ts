import { splitWords } from "../split-words.js";

/** The parts of a tool that are searched. */
interface FindableTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
}

/** BM25's usual constants (Robertson and Zaragoza, 2009). */
const K1 = 1.2;
const B = 0.75;
/** Weight of a word in the name, compared with one in the description. */
const NAME_WEIGHT = 3;
/** Words with the same beginning are related (`water`, `watering`). Equal words also count for their beginning. */
const STEM_CHARACTERS = 4;

const rankings = new WeakMap<object, ToolRanking<FindableTool>>();

/**
 * Ranks the tools of a list by the words that a message shares with their names, descriptions and arguments (BM25). The
 * tools are read only once; the cost of a message depends on the tools that share words with it.
 */
export class ToolRanking<Tool extends FindableTool> {
  readonly #tools: readonly Tool[];
  readonly #byName: readonly Tool[];
  readonly #places: ReadonlyMap<string, number>;
  /** For each term, the indexes of the tools with the term and the number of its occurrences. */
  readonly #uses = new Map<string, { tool: number; times: number }[]>();
  readonly #lengths: readonly number[];
  readonly #average: number;

  private constructor(tools: readonly Tool[]) {
    this.#tools = tools;
    this.#byName = tools.toSorted((one, other) => (one.name < other.name ? -1 : 1));
    this.#places = new Map(tools.map(({ name }, place) => [name, place]));
    const documents = tools.map(wordsOf);
    for (const [tool, { terms }] of documents.entries()) {
      for (const [term, times] of terms) {
        const uses = this.#uses.get(term);
        if (uses === undefined) this.#uses.set(term, [{ tool, times }]);
        else uses.push({ tool, times });
      }
    }
    this.#lengths = documents.map(({ length }) => length);
    this.#average = this.#lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, tools.length);
  }

  /** Returns the cached ranking of a list, which must not change. */
  static of<Tool extends FindableTool>(tools: readonly Tool[]): ToolRanking<Tool> {
    const ranking = rankings.get(tools) ?? new ToolRanking<FindableTool>(tools);
    rankings.set(tools, ranking);
    return ranking as ToolRanking<Tool>;
  }

  /** All tools, sorted by name. */
  get byName(): readonly Tool[] {
    return this.#byName;
  }

  /** Returns the tools with these names, in the order of the list. */
  named(names: readonly string[]): Tool[] {
    const places = names.flatMap((name) => this.#places.get(name) ?? []).sort((one, other) => one - other);
    return places.map((place) => this.#tools[place] as Tool);
  }

  /** Returns the tools that share a word with the message, most likely first, then by name. */
  find(message: string): Tool[] {
    const scores = new Map<number, number>();
    for (const term of new Set(splitWords(message.slice(0, 10_000)).flatMap(({ text }) => termsOf(text)))) {
      const uses = this.#uses.get(term) ?? [];
      // Words of most tools (the, of, a) do not distinguish any.
      if (uses.length > this.#tools.length / 2) continue;
      const weight = Math.log(1 + (this.#tools.length - uses.length + 0.5) / (uses.length + 0.5));
      for (const { tool, times } of uses) {
        const rest = K1 * (1 - B + (B * (this.#lengths[tool] as number)) / this.#average);
        scores.set(tool, (scores.get(tool) ?? 0) + (weight * times * (K1 + 1)) / (times + rest));
      }
    }
    const nameOf = (tool: number) => (this.#tools[tool] as Tool).name;
    return [...scores]
      .sort(([one, score], [other, otherScore]) => otherScore - score || (nameOf(one) < nameOf(other) ? -1 : 1))
      .map(([tool]) => this.#tools[tool] as Tool);
  }
}

interface ToolWords {
  terms: Map<string, number>;
  length: number;
}

function wordsOf({ name, description, inputSchema }: FindableTool): ToolWords {
  const terms = new Map<string, number>();
  let length = 0;
  const add = (text: string, weight: number) => {
    // Splits readSensor and read_sensor into two words.
    for (const word of splitWords(text.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2"))) {
      length += weight;
      for (const term of termsOf(word.text)) terms.set(term, (terms.get(term) ?? 0) + weight);
    }
  };
  add(name, NAME_WEIGHT);
  add(description, 1);
  const { properties } = inputSchema as { properties?: unknown };
  if (typeof properties === "object" && properties !== null) {
    for (const [key, property] of Object.entries(properties)) {
      add(key, 1);
      const text = (property as { description?: unknown } | null)?.description;
      if (typeof text === "string") add(text, 1);
    }
  }
  return { terms, length };
}

function termsOf(word: string): string[] {
  return word.length < STEM_CHARACTERS ? [word] : [word, `${word.slice(0, STEM_CHARACTERS)}…`];
}
