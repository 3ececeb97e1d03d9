/** Variables that the program reads, with what each does. A test compares the names with the sources. */
export const environmentVariables: Readonly<Record<string, string>> = {
  NO_COLOR: "Any text: no colors. Empty: no effect.",
  FORCE_COLOR: "Colors in a pipe too. `0` or `false`: no colors.",
  TERM: "`dumb`: no colors, and nothing is drawn twice, as with `--plain`.",
  XDG_STATE_HOME:
    "Folder for typed messages (`nanoagent/history.jsonl`), measurements of the device, the hashes of models (`nanoagent/models.json`), and keys of services (`nanoagent/serve-keys.json`). Default: `~/.local/state`.",
  XDG_DATA_HOME:
    "Folder for models that do not come from Hugging Face (`nanoagent/models`). Default: `~/.local/share`.",
  NOTIFY_SOCKET:
    "Set by systemd with `Type=notify`. `nanoagent serve` then tells systemd when it is ready, reloads and stops.",
  WATCHDOG_USEC:
    "Set by systemd with `WatchdogSec=`. `nanoagent serve` then sends a sign of life in half of this time.",
  WATCHDOG_PID: "Set by systemd: the process that the watchdog waits for.",
  SUDO_USER:
    "Set by `sudo`. `nanoagent service install` may choose this user for the service, and `nanoagent doctor` removes the name from its report.",
  DOAS_USER: "Set by `doas`, with the same meaning.",
  STATE_DIRECTORY:
    "Set by systemd with `StateDirectory=`. `nanoagent init` writes it into `session.dir`, so that a service keeps its conversation there.",
  XDG_CACHE_HOME:
    "Folder for Node's compiled code, which makes later starts faster. Default: `~/.cache`, or `~/Library/Caches` on macOS.",
  XDG_RUNTIME_DIR:
    "Folder in which agents of one user tell each other how much memory they have reserved, and with the sockets of services that `nanoagent status` asks. Default: a folder in the system's folder for temporary files.",
  LOCALAPPDATA: "Windows: the folder that XDG_STATE_HOME, XDG_DATA_HOME and XDG_CACHE_HOME stand for elsewhere.",
  HOME: "Home folder: for `~/` in a config, and for the defaults above.",
  PATH: "Folders in which `profile --deep` looks for nvidia-smi and vcgencmd. Tools have their own: `/usr/local/bin:/usr/bin:/bin`.",
  HF_ENDPOINT: "Address of a mirror of Hugging Face. Default: `https://huggingface.co`.",
  HF_TOKEN: "Access token for private and gated repositories. It is sent only to HF_ENDPOINT, never after a redirect.",
  HUGGING_FACE_HUB_TOKEN: "Older name of HF_TOKEN.",
  HF_TOKEN_PATH: "File with the access token. Default: `token` in HF_HOME.",
  HF_HUB_OFFLINE: "`1`: `nanoagent models` contacts no host. `models pull` returns a model that is already here.",
  TRANSFORMERS_OFFLINE: "The same as HF_HUB_OFFLINE.",
  HF_HUB_CACHE: "Hugging Face's cache, in which models are kept. Default: `hub` in HF_HOME.",
  HUGGINGFACE_HUB_CACHE: "Older name of HF_HUB_CACHE.",
  HF_HOME: "Folder of Hugging Face's programs. Default: `huggingface` in XDG_CACHE_HOME, else in `~/.cache`.",
  HTTPS_PROXY: "Proxy for https addresses, such as `http://proxy.example:3128`. In lower case, too.",
  HTTP_PROXY: "Proxy for http addresses. In lower case, too.",
  ALL_PROXY: "Proxy for both, if the variables above are not set. In lower case, too.",
  NO_PROXY: "Hosts that are contacted directly, separated by commas. In lower case, too.",
  OLLAMA_MODELS: "Folder of Ollama's models, which are used in place. Default: where Ollama keeps them.",
  NANOAGENT_OLLAMA_REGISTRY: "Address of a mirror of Ollama's registry. Default: `https://registry.ollama.ai`.",
  NANOAGENT_ALLOW_HOSTS:
    "The only hosts that `nanoagent models` may contact, separated by commas; `*.example.org` stands for all below. Empty: none. Not set: all.",
  NANOAGENT_BROKER:
    "Address of the broker of `nanoagent fleet`, such as `mqtts://broker.example.org`, without `--broker`.",
  NANOAGENT_DEVICE_ID: "Overrides the device's name.",
  NANOAGENT_DEVICE_PLATFORM: "Overrides the device's platform, such as `linux-aarch64`.",
  NANOAGENT_DEVICE_MEMORY_MB: "Overrides the device's memory, in MB.",
  NANOAGENT_DEVICE_CPU_CORES: "Overrides the number of CPU cores.",
  NANOAGENT_DEVICE_HAS_GPU: "Overrides whether there is a GPU: `true` or `false`.",
  NANOAGENT_DEVICE_GROUP_FACT:
    "Overrides any fact that `profile --detail` shows, such as NANOAGENT_DEVICE_CPU_USABLE_CORES. The value is JSON or text.",
  CUDA_VISIBLE_DEVICES: "Which NVIDIA GPUs programs may use; the profile takes it into account.",
  ROCR_VISIBLE_DEVICES: "Which AMD GPUs programs may use; the profile takes it into account.",
  KUBERNETES_SERVICE_HOST: "Set by Kubernetes; the profile then reports this kind of container.",
  TERMUX_VERSION: "Set by Termux on Android; the profile then reports this kind of container.",
  NODE_OPTIONS: "Options of Node. The program reads from them how much memory Node reserves for code.",
  NODE_EXTRA_CA_CERTS:
    "File with certificates to trust in connections to servers. Node reads it. A model's process does not get it.",
  NODE_COMPILE_CACHE: "Folder for Node's compiled code, instead of the one in XDG_CACHE_HOME.",
  NODE_DISABLE_COMPILE_CACHE: "Any value: compiled code is not kept.",
};

/** Variables that the program sets for the programs that it starts. Their names are of use to authors of tools. */
export const variablesForTools: Readonly<Record<string, string>> = {
  NANOAGENT_IDEMPOTENCY_KEY:
    "The same value for every attempt of one call, so that a tool can recognize a call that it has already carried out. In an act of a trigger, it stays the same over a power cut and a restart.",
  NANOAGENT_TRIGGER: "Name of the trigger that runs the tool, or whose answer a program gets. Not set for other calls.",
};

/** Variables between the program and its own processes. They are nobody else's business. */
export const internalVariables: readonly string[] = [
  "NANOAGENT_ENGINE_HOST",
  "NANOAGENT_GROUP",
  "NANOAGENT_PROGRAM",
  "JAVA_TOOL_OPTIONS",
];
