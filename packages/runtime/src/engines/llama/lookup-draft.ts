/** Numbers of tokens to look up, longest first. */
const LENGTHS = [3, 2] as const;
/** Most tokens before a place to compare with the end. */
const MAX_COMPARED_TOKENS = 24;
/** Initial capacity of the index, in tokens. */
const FIRST_ROOM = 1024;
const HASH_FACTOR = 0x9e3779b1;

/** An earlier place whose last `length` tokens equal those at the end. The tokens after it may come next. */
export interface FoundPlace {
  readonly at: number;
  readonly length: number;
}

/**
 * Finds earlier occurrences of the newest tokens of a conversation. Each token takes constant time, apart from shared
 * hashes, and about 30 bytes of memory.
 */
export class LookupDraft {
  #tokens = new Int32Array(FIRST_ROOM);
  #length = 0;
  /** For each length: newest place by the hash of the tokens before it, plus 1. */
  #places = LENGTHS.map(() => new Int32Array(2 * FIRST_ROOM));
  /** For each length: previous entries of the hash table, so that removing a token restores them. */
  #former = LENGTHS.map(() => new Int32Array(FIRST_ROOM));

  /** Updates the index to these tokens. Tokens that are already indexed cost almost nothing. */
  follow(tokens: readonly number[]): void {
    const longest = Math.min(this.#length, tokens.length);
    let common = 0;
    while (common < longest && this.#tokens[common] === tokens[common]) common += 1;
    while (this.#length > common) this.#pop();
    for (let at = common; at < tokens.length; at++) this.push(tokens[at] as number);
  }

  push(token: number): void {
    if (this.#length === this.#tokens.length) this.#grow();
    // A place is indexed once a token follows it.
    this.#note(this.#length);
    this.#tokens[this.#length++] = token;
  }

  /** Returns the newest earlier place with the longest match, or null. */
  find(): FoundPlace | null {
    for (const [index, length] of LENGTHS.entries()) {
      if (this.#length <= length) continue;
      let at = (this.#places[index]?.[this.#hash(this.#length, length)] ?? 0) - 1;
      // Different tokens may share a hash.
      while (at >= length) {
        const found = this.#commonBefore(at);
        if (found >= length) return { at, length: found };
        at = (this.#former[index]?.[at] ?? 0) - 1;
      }
    }
    return null;
  }

  /** Returns the tokens after a place. At the end, they repeat. */
  read({ at }: FoundPlace, count: number): number[] {
    const tokens: number[] = [];
    const period = this.#length - at;
    for (let index = 0; index < count; index++) tokens.push(this.#tokens[at + (index % period)] as number);
    return tokens;
  }

  #commonBefore(at: number): number {
    const most = Math.min(at, MAX_COMPARED_TOKENS);
    let common = 0;
    while (common < most && this.#tokens[at - 1 - common] === this.#tokens[this.#length - 1 - common]) common += 1;
    return common;
  }

  #note(end: number): void {
    for (const [index, length] of LENGTHS.entries()) {
      const [places, former] = [this.#places[index], this.#former[index]];
      if (end < length || places === undefined || former === undefined) continue;
      const hash = this.#hash(end, length);
      former[end] = places[hash] ?? 0;
      places[hash] = end + 1;
    }
  }

  /** Removes the last token and its place. */
  #pop(): void {
    this.#length -= 1;
    for (const [index, length] of LENGTHS.entries()) {
      const [places, former] = [this.#places[index], this.#former[index]];
      if (this.#length < length || places === undefined) continue;
      places[this.#hash(this.#length, length)] = former?.[this.#length] ?? 0;
    }
  }

  #hash(end: number, length: number): number {
    let hash = 0;
    for (let at = end - length; at < end; at++) hash = Math.imul(hash ^ (this.#tokens[at] as number), HASH_FACTOR);
    return (hash ^ (hash >>> 15)) & (2 * this.#tokens.length - 1);
  }

  /** Doubles the capacity, so that a token takes amortized constant time. */
  #grow(): void {
    const tokens = new Int32Array(2 * this.#tokens.length);
    tokens.set(this.#tokens);
    this.#tokens = tokens;
    this.#places = LENGTHS.map(() => new Int32Array(2 * tokens.length));
    this.#former = LENGTHS.map(() => new Int32Array(tokens.length));
    for (let end = 1; end < this.#length; end++) this.#note(end);
  }
}
