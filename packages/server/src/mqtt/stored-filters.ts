import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Largest file: thousands of filters. */
const MAX_BYTES = 1024 * 1024;

/**
 * Filters that the broker may hold a subscription for, in a file. A broker keeps them while this program is away; without
 * the file, a filter that is removed from the config would stay subscribed for good.
 */
export class StoredFilters {
  readonly #path: string | null;
  readonly #broker: string;
  readonly #onNotice: (level: "warning", message: string) => void;
  #filters: ReadonlySet<string> = new Set();
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string | null, broker: string, onNotice: (level: "warning", message: string) => void) {
    this.#path = path;
    this.#broker = broker;
    this.#onNotice = onNotice;
  }

  /**
   * Reads the file. `path`: null to keep the filters in memory only. `broker`: name of the broker and of this client
   * there; filters of others are left out.
   */
  static async open(
    path: string | null,
    broker: string,
    onNotice: (level: "warning", message: string) => void,
  ): Promise<StoredFilters> {
    const stored = new StoredFilters(path, broker, onNotice);
    if (path !== null) stored.#filters = new Set(await readFilters(path, broker));
    return stored;
  }

  get filters(): readonly string[] {
    return [...this.#filters];
  }

  /** Resolves when the filters are on disk. Never rejects. */
  async add(filters: Iterable<string>): Promise<void> {
    await this.#change(new Set([...this.#filters, ...filters]));
  }

  async remove(filters: Iterable<string>): Promise<void> {
    const left = new Set(this.#filters);
    for (const filter of filters) left.delete(filter);
    await this.#change(left);
  }

  /** The broker has no session of this client. The file changes with the next filters. */
  forget(): void {
    this.#filters = new Set();
  }

  #change(filters: ReadonlySet<string>): Promise<void> {
    if (filters.size === this.#filters.size && [...filters].every((filter) => this.#filters.has(filter)))
      return this.#writing;
    this.#filters = filters;
    const path = this.#path;
    if (path !== null) this.#writing = this.#writing.then(() => this.#write(path, filters));
    return this.#writing;
  }

  async #write(path: string, filters: ReadonlySet<string>): Promise<void> {
    const text = `${JSON.stringify({ broker: this.#broker, filters: [...filters] })}\n`;
    try {
      // The folder of the session is made with its first turn, which may come later.
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const fresh = `${path}.new`;
      const file = await open(fresh, "w", 0o600);
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(fresh, path);
    } catch (error) {
      const code = (error as { code?: string }).code ?? String(error);
      const effect = "A filter that is removed later may stay subscribed at the broker.";
      this.#onNotice("warning", `The file ${path} cannot be written (${code}). ${effect}`);
    }
  }
}

/** Returns the filters in a file: none if it is missing, damaged, or of another broker. */
async function readFilters(path: string, broker: string): Promise<string[]> {
  try {
    const text = await readFile(path, "utf8");
    if (text.length > MAX_BYTES) return [];
    const value = JSON.parse(text) as { broker?: unknown; filters?: unknown } | null;
    if (value?.broker !== broker || !Array.isArray(value.filters)) return [];
    return value.filters.filter((filter) => typeof filter === "string");
  } catch {
    return [];
  }
}
