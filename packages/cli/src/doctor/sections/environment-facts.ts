import type { PartFacts } from "../report-section.js";

/** Variables that the program, Node or an engine reads. */
const RELEVANT =
  /^(?:NANOAGENT_|NODE_|XDG_|HF_|HUGGINGFACE|OLLAMA_|GGML_|LLAMA_|CUDA_|ROCR_|TERMUX_|KUBERNETES_SERVICE_|SYSTEMD_|NOTIFY_|WATCHDOG_|INVOCATION_|npm_config_)|^(?:HTTPS?|ALL|NO|FTP)_PROXY$|^(?:LANG|LC_[A-Z]+|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|TZ|SHELL|CI|SSL_CERT_FILE|SSL_CERT_DIR|LOCALAPPDATA|TMPDIR|UV_THREADPOOL_SIZE|MALLOC_ARENA_MAX|TRANSFORMERS_OFFLINE)$/i;
/** Variables whose values are shown, without secrets. Of others, only the names are. */
const HARMLESS =
  /^(?:LANG|LC_[A-Z]+|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|TZ|SHELL|CI|XDG_[A-Z_]+|NODE_ENV|NODE_OPTIONS|NODE_NO_WARNINGS|NODE_EXTRA_CA_CERTS|HF_HOME|HF_HUB_CACHE|HF_HUB_OFFLINE|TRANSFORMERS_OFFLINE|OLLAMA_MODELS|CUDA_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES|UV_THREADPOOL_SIZE|MALLOC_ARENA_MAX|LOCALAPPDATA|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR)$/i;
const MAX_VARIABLES = 200;

/** Gathers the names of the variables that matter, and the values of harmless ones. */
export async function gatherEnvironment(environment: Readonly<Record<string, string | undefined>>): Promise<PartFacts> {
  const relevant = Object.keys(environment)
    .filter((name) => RELEVANT.test(name))
    .sort()
    .slice(0, MAX_VARIABLES);
  // A list: a name such as HF_TOKEN as a key would hide that it is set.
  const variables = relevant.map((name) => (HARMLESS.test(name) ? `${name}=${environment[name]}` : `${name} is set`));
  const hidden = relevant.filter((name) => !HARMLESS.test(name)).length;
  const summary = `${relevant.length} variables, ${hidden === 0 ? "all with" : `${hidden} without`} their values`;
  return { summary, data: { variables } };
}
