import { splitWords } from "../split-words.js";

/** What a tool is found by. */
interface FindableTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
}

/** BM25's usual constants (Robertson and Zaragoza, 2009). */
const K1 = 1.2;
const B = 0.75;
/** A word of the name says more than one of the description. */
const NAME_WEIGHT = 3;
/** Words that begin alike (`water`, `watering`) are related; the same word counts for itself and for its beginning. */
const STEM_CHARACTERS = 4;

/**
 * Ranks tools for a message, the likeliest first: by the words that it shares with their names, descriptions and
 * arguments (BM25). A tool that shares no word has score 0; equal scores are in the order of names.
 */
export function rankTools<Tool extends FindableTool>(
  query: string,
  tools: readonly Tool[],
): { tool: Tool; score: number }[] {
  const documents = tools.map(wordsOf);
  const average = documents.reduce((sum, { length }) => sum + length, 0) / Math.max(1, documents.length);
  const wanted = new Set(splitWords(query.slice(0, 10_000)).flatMap(({ text }) => termsOf(text)));
  const rarity = new Map<string, number>();
  for (const term of wanted) {
    const uses = documents.filter(({ terms }) => terms.has(term)).length;
    // What most tools have in common (the, of, a) tells none of them.
    if (uses > tools.length / 2) continue;
    rarity.set(term, Math.log(1 + (tools.length - uses + 0.5) / (uses + 0.5)));
  }
  const scored = tools.map((tool, index) => {
    const { terms, length } = documents[index] as ToolWords;
    let score = 0;
    for (const [term, weight] of rarity) {
      const frequency = terms.get(term) ?? 0;
      if (frequency > 0) score += (weight * frequency * (K1 + 1)) / (frequency + K1 * (1 - B + (B * length) / average));
    }
    return { tool, score };
  });
  return scored.sort((one, other) => other.score - one.score || (one.tool.name < other.tool.name ? -1 : 1));
}

interface ToolWords {
  terms: Map<string, number>;
  length: number;
}

function wordsOf({ name, description, inputSchema }: FindableTool): ToolWords {
  const terms = new Map<string, number>();
  let length = 0;
  const add = (text: string, weight: number) => {
    // readSensor and read_sensor are two words.
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
