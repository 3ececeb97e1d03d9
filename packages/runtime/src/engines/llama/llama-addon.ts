import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { EngineError } from "../engine-error.js";

/**
 * The one place that knows llama.cpp's prebuilt add-on. Its interface is the inner one of node-llama-cpp and nowhere
 * promised, so the packages are pinned to one version, and `llama-addon.test.ts` fails when what is written here stops
 * being true.
 */
export const ADDON_VERSION = "3.22.1";

/** What the add-on offers, as far as it is used. Every call that is no promise is quick. */
export interface LlamaAddon {
  AddonModel: new (modelPath: string, options: AddonModelOptions) => AddonModel;
  AddonContext: new (model: AddonModel, options: AddonContextOptions) => AddonContext;
  AddonSampler: {
    new (model: AddonModel): AddonSampler;
    canBeNextTokenForGrammarEvaluationState(state: AddonGrammarState, token: number): boolean;
    acceptGrammarEvaluationStateToken(state: AddonGrammarState, token: number): void;
  };
  AddonGrammar: new (grammar: string, options: { addonExports: LlamaAddon; rootRuleName: string }) => AddonGrammar;
  AddonGrammarEvaluationState: new (model: AddonModel, grammar: AddonGrammar) => AddonGrammarState;
  /** Must be called once before anything else. True when another copy had done so. */
  markLoaded(): boolean;
  setLogger(logger: (level: number, message: string) => void): void;
  setLoggerLogLevel(level: number): void;
  loadBackends(folder?: string): void;
  /** Undefined until a backend is loaded, false when it is the CPU's. */
  getGpuType(): string | false | undefined;
  init(): Promise<void>;
}

export interface AddonModelOptions {
  addonExports: LlamaAddon;
  gpuLayers: number;
  useMmap: boolean;
  useMlock: boolean;
  checkTensors: boolean;
  vocabOnly: boolean;
  hasLoadAbortSignal: boolean;
  onLoadProgress?: (share: number) => void;
}

export interface AddonModel {
  /** False when the file cannot be loaded. */
  init(): Promise<boolean>;
  dispose(): Promise<void>;
  tokenize(text: string, withSpecialTokens: boolean): Uint32Array;
  detokenize(tokens: Uint32Array, withSpecialTokens: boolean): string;
  /** -1 where the model has none. */
  tokenBos(): number;
  tokenEos(): number;
  getTokenString(token: number): string;
  /** llama.cpp's bit set of token attributes; see {@link CONTROL_TOKEN}. */
  getTokenAttributes(token: number): number;
  isEogToken(token: number): boolean;
  shouldPrependBosToken(): boolean;
}

/** The bit of a token that steers the conversation and is no text: `<|im_start|>`. */
export const CONTROL_TOKEN = 1 << 3;

export interface AddonContextOptions {
  contextSize: number;
  batchSize: number;
  sequences: number;
  flashAttention: boolean;
  threads: number;
  embeddings: boolean;
  ranking: boolean;
  performanceTracking: boolean;
  swaFullCache: boolean;
  kvCacheKeyType?: number;
  kvCacheValueType?: number;
}

export interface AddonContext {
  /** False when there is not enough memory for it. */
  init(): Promise<boolean>;
  dispose(): Promise<void>;
  getContextSize(): number;
  initBatch(tokens: number): void;
  /** Returns, for each index whose logits are wanted, where they will be found. */
  addToBatch(sequence: number, firstPosition: number, tokens: Uint32Array, logitIndexes: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  /** -1 when a grammar leaves nothing to choose. */
  sampleToken(logitIndex: number, sampler: AddonSampler): Promise<number>;
  removeTokenCellsFromSequence(sequence: number, start: number, end: number): boolean;
  setThreads(threads: number): void;
  saveSequenceStateToFile(file: string, sequence: number, tokens: Uint32Array): Promise<number>;
  loadSequenceStateFromFile(file: string, sequence: number, maxTokens: number): Promise<Uint32Array>;
  getMemoryBreakdown(): { cpuRam: number; gpuVram: number };
}

export interface AddonSampler {
  applyConfig(options: {
    temperature?: number;
    minP?: number;
    topK?: number;
    topP?: number;
    seed?: number;
    repeatPenalty?: number;
    repeatPenaltyMaxTokens?: number;
    repeatPenaltyTokens?: Uint32Array;
    grammarEvaluationState?: AddonGrammarState;
  }): void;
  dispose(): void;
}

export interface AddonGrammar {
  isTextCompatible(text: string): boolean;
}

declare const grammarState: unique symbol;
export interface AddonGrammarState {
  readonly [grammarState]: true;
}

/** The package that carries the add-on for a platform, by `process.platform` and `process.arch`. */
const packageNames: Partial<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "linux-arm": "linux-armv7l",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
  "win32-x64": "win-x64",
  "win32-arm64": "win-arm64",
};

/** The name of the package that holds llama.cpp for this platform. */
export function addonPackage(platform: string = process.platform, arch: string = process.arch): string {
  const name = packageNames[`${platform}-${arch}`];
  if (name !== undefined) return `@node-llama-cpp/${name}`;
  throw new EngineError({
    code: "engine-unavailable",
    message: `There is no prebuilt llama.cpp for ${platform}-${arch}.`,
    hint: 'Use a server with engine.type "openai-compatible" instead.',
  });
}

/** Loads the add-on and gets it ready. Throws {@link EngineError} `engine-unavailable`, with the command that installs it. */
export async function loadLlamaAddon(log: (level: number, message: string) => void = () => {}): Promise<LlamaAddon> {
  const packageName = addonPackage();
  const folder = await findLlamaAddon();
  let addon: LlamaAddon;
  try {
    addon = createRequire(import.meta.url)(path.join(folder, "llama-addon.node"));
  } catch (cause) {
    throw unavailable(packageName, "the system cannot load it; it needs glibc 2.34 or newer on Linux", cause);
  }
  addon.markLoaded();
  addon.setLogger(log);
  addon.setLoggerLogLevel(LOG_ERRORS);
  addon.loadBackends();
  if (addon.getGpuType() === undefined) addon.loadBackends(folder);
  await addon.init();
  return addon;
}

const LOG_ERRORS = 2;

/** The folder of the add-on for this machine, which is not loaded. Throws {@link EngineError} `engine-unavailable`. */
export async function findLlamaAddon(): Promise<string> {
  const packageName = addonPackage();
  const { binsDir, packageVersion } = await locate(packageName);
  if (packageVersion === ADDON_VERSION) return path.join(binsDir, packageName.replace("@node-llama-cpp/", ""));
  throw unavailable(packageName, `version ${packageVersion} is installed, and only ${ADDON_VERSION} is known to work`);
}

async function locate(packageName: string): Promise<{ binsDir: string; packageVersion: string }> {
  try {
    const { getBinsDir } = (await import(/* @vite-ignore */ packageName)) as {
      getBinsDir: () => { binsDir: string; packageVersion: string };
    };
    return getBinsDir();
  } catch (cause) {
    throw unavailable(packageName, "it is not installed", cause);
  }
}

function unavailable(packageName: string, reason: string, cause?: unknown): EngineError {
  return new EngineError({
    code: "engine-unavailable",
    message: `Running a local model needs the package ${packageName}: ${reason}.`,
    hint: `Run: npm install ${isInstalledForAll() ? "--global " : ""}${packageName}@${ADDON_VERSION}`,
    cause,
  });
}

/** Whether this program was installed with npm's --global: what it needs must lie beside it then, wherever one works. */
function isInstalledForAll(): boolean {
  const file = fileURLToPath(import.meta.url);
  const at = file.indexOf(`${path.sep}node_modules${path.sep}`);
  return at >= 0 && !existsSync(path.join(file.slice(0, at), "package.json"));
}
