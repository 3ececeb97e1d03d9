import { ADDON_VERSION } from "./find-llama-addon.js";
import type { LoadedModel } from "./loaded-model.js";
import type { PromptCache } from "./prompt-cache.js";
import { modelFingerprint, StateFile, type StateOwner } from "./state-file.js";

/** Largest state that is saved: with a larger one a start takes as long as reading the conversation again. */
const MAX_STATE_BYTES = 256 * 2 ** 20;

/** The saved state of one engine: the KV cache on disk, so that a conversation goes on after a restart. */
export class EngineState {
  readonly #file: StateFile;
  readonly #owner: StateOwner;

  private constructor(file: StateFile, owner: StateOwner) {
    this.#file = file;
    this.#owner = owner;
  }

  /** Opens the state of a model that was loaded with this type of KV cache. */
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

  /** Fills the cache with what an earlier life of the same engine had evaluated. Changes nothing where there is none. */
  async restore(loaded: LoadedModel, cache: PromptCache): Promise<void> {
    const saved = await this.#file.find(this.#owner);
    if (saved === null) return;
    try {
      await this.#file.try();
      const tokens = await loaded.loadFrom(saved.file);
      cache.restore({ tokens, text: saved.text, marks: saved.marks });
    } catch {
      // Without its state an engine only reads the conversation again.
      cache.forget();
      await this.#file.remove();
    }
  }

  /** Keeps what was restored for the next start: the engine has worked with it. */
  async confirm(): Promise<void> {
    await this.#file.confirm();
  }

  /** Writes the cache to the disk. Returns the bytes; null where the cache is empty or too large. */
  async save(loaded: LoadedModel, cache: PromptCache): Promise<number | null> {
    if (cache.length === 0) return null;
    const { tokens, text, marks } = cache.content;
    const content = { owner: this.#owner, tokens: tokens.length, text, marks, maxBytes: MAX_STATE_BYTES };
    return this.#file.save(content, (file) => loaded.saveTo(file, tokens));
  }
}
