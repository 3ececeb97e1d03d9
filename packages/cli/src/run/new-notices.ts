import type { NanoRuntime } from "@nanoagent/runtime";
import { plainText } from "../output/plain-text.js";
import { wrapFor } from "../output/wrap-text.js";
import type { Streams } from "../streams.js";

/** Tells each notice of a runtime once: those of the start, and those that come up while it runs. */
export class NewNotices {
  readonly #told = new Set<string>();
  readonly #runtime: NanoRuntime;
  readonly #streams: Streams;
  /** Flags that set what a config's `sampling` would. */
  readonly #samplingFlags: readonly string[];

  constructor(runtime: NanoRuntime, streams: Streams, samplingFlags: readonly string[]) {
    this.#runtime = runtime;
    this.#streams = streams;
    this.#samplingFlags = samplingFlags;
  }

  tell(): void {
    for (const notice of this.#runtime.notices) {
      if (this.#told.has(notice)) continue;
      this.#told.add(notice);
      const flags = this.#samplingFlags.map((name) => `--${name}`).join(" and ");
      const said = flags === "" ? notice : notice.replace(/^"sampling(?:\.\w+)?" has/, () => `${flags} has`);
      this.#streams.stderr.write(wrapFor(this.#streams.stderr, plainText(`note: ${said}\n`)));
    }
  }
}
