import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { writeKnownModel } from "@nanoagent/optimizer/testing";

/** A model hub on this machine, for the pages that download a model. It has the repositories that pages speak of. */
export class PageHub {
  readonly #mirror: HubMirror;

  private constructor(mirror: HubMirror) {
    this.#mirror = mirror;
  }

  /** Starts a hub with the small model at `file`, and with two quantizations of a larger one whose weights are holes. */
  static async start(file: string, folder: string): Promise<PageHub> {
    const larger: Record<string, string> = {};
    for (const type of ["q4_0", "q8_0"]) {
      const name = `qwen2.5-0.5b-instruct-${type}.gguf`;
      larger[name] = path.join(folder, `hub-${name}`);
      await writeKnownModel(larger[name], "Qwen2.5-0.5B", type);
    }
    const license = "apache-2.0";
    const repositories = {
      "bartowski/SmolLM2-135M-Instruct-GGUF": { files: { "SmolLM2-135M-Instruct-Q4_1.gguf": file }, license },
      "Qwen/Qwen2.5-0.5B-Instruct-GGUF": { files: larger, license },
    };
    return new PageHub(await startHubMirror({ repositories }));
  }

  /** Makes a home folder in `folder`, and returns the variables by which programs use it and this hub. */
  async makeHome(folder: string): Promise<Record<string, string>> {
    const home = await mkdtemp(path.join(folder, "home-"));
    return {
      HOME: home,
      XDG_CACHE_HOME: path.join(home, ".cache"),
      XDG_DATA_HOME: path.join(home, ".local/share"),
      XDG_STATE_HOME: path.join(home, ".local/state"),
      HF_HOME: path.join(home, ".cache/huggingface"),
      HF_ENDPOINT: this.#mirror.url,
      OLLAMA_MODELS: path.join(home, ".ollama/models"),
      NO_PROXY: "127.0.0.1",
      no_proxy: "127.0.0.1",
    };
  }

  close(): Promise<void> {
    return this.#mirror.close();
  }
}
