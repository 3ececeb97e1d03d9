import { type FSWatcher, watch } from "node:fs";

/**
 * Reports changes in a folder, where the system can: not for shares of another machine. A folder that is replaced by
 * another one of the same name is watched again by {@link renew}.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #onChange: (name: string | null) => void;
  #watcher: FSWatcher | null = null;
  #identity: string | null = null;

  /** `onChange` gets the name of the file that changed, or null where the system does not tell. */
  constructor(folder: string, onChange: (name: string | null) => void) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  /**
   * Watches the folder, unless it is watched already. `identity` tells it from another folder of the same name. Returns
   * why the system cannot watch it, or null.
   */
  renew(identity: string): string | null {
    if (this.#watcher !== null && this.#identity === identity) return null;
    this.close();
    try {
      this.#watcher = watch(this.#folder, { persistent: false }, (_, name) => this.#onChange(name));
    } catch (error) {
      return (error as Error).message;
    }
    this.#watcher.on("error", () => this.close());
    this.#identity = identity;
    return null;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}
