import { ADDON_VERSION } from "./find-llama-addon.js";
import type { LoadedModel } from "./loaded-model.js";
import type { PromptCache } from "./prompt-cache.js";
import { modelFingerprint, StateFile, type StateOwner } from "./state-file.js";

/** Largest state to save. Loading a larger one takes as long as evaluating the conversation again. */
const MAX_STATE_BYTES = 256 * 2 ** 20;

/** Saved state of one engine: the KV cache on disk, so that a conversation continues after a restart. */
export class EngineState {
  readonly #file: StateFile;
  readonly #owner: StateOwner;

  private constructor(file: StateFile, owner: StateOwner) {
    this.#file = file;
    this.#owner = owner;
  }

  /** Opens the state of a model that was loaded with this KV cache type. */
  static async open(
    statePath: string,
    { modelPath, contextTokens, kvType }: { modelPath: string; contextTokens: number; kvType: string },
  ): Promise<EngineState> {
    return new EngineState(new StateFile(statePath), {
      model: await modelFingerprint(modelPath),
      engine_version: ADDON_VERSION,
      context_tokens: contextTokens,
      kv_type: kvType,
    });
  }

  /** Restores the cache from an earlier run of the same engine. Does nothing if there is no saved state. */
  async restore(loaded: LoadedModel, cache: PromptCache): Promise<void> {
    const saved = await this.#file.find(this.#owner);
    if (saved === null) return;
    try {
      await this.#file.try();
      const tokens = await loaded.loadFrom(saved.file);
      cache.restore({ tokens, text: saved.text, marks: saved.marks });
    } catch {
      // Without a state, the conversation is only evaluated again.
      cache.forget();
      await this.#file.remove();
    }
  }

  /** Keeps the restored state for the next start, since the engine worked with it. */
  async confirm(): Promise<void> {
    await this.#file.confirm();
  }

  /** Writes the cache to disk. Returns the number of bytes, or null if the cache is empty or too large. */
  async save(loaded: LoadedModel, cache: PromptCache): Promise<number | null> {
    if (cache.length === 0) return null;
    const { tokens, text, marks } = cache.content;
    const content = { owner: this.#owner, tokens: tokens.length, text, marks, maxBytes: MAX_STATE_BYTES };
    return this.#file.save(content, (file) => loaded.saveTo(file, tokens));
  }
}
