/** One code of an error or a warning, for docs/troubleshooting.md. */
export interface ErrorRow {
  code: string;
  /** The message as the program prints it. Braces mark the parts that differ from case to case. */
  message: string;
  /** When it occurs: one or two sentences. */
  when: string;
  /** Advice: the next step. */
  now: string;
  /** Whether `nanoagent check` and the start only warn of it, so that it has no exit code. */
  isWarning?: true;
  /** Whether only clients of a service see it, so that it has no exit code. */
  isOfService?: true;
}

/** Codes of one topic, under a heading of the page. */
export interface ErrorTopic {
  title: string;
  introduction: string;
  rows: readonly ErrorRow[];
}

/**
 * Every code that a package can raise, by topic. It stands here and not in a package because only the page needs it: the
 * program's own messages already say what to do. A test compares the codes and messages with the sources.
 */
export const errorTopics: readonly ErrorTopic[] = [
  {
    title: "Ten common errors",
    introduction: "Find the message that you saw. The parts in it that differ from case to case are examples.",
    rows: [
      {
        code: "usage",
        message: 'Unknown command "{profle}". Did you mean "{profile}"?',
        when: "The command line is wrong: an unknown command or option, a missing or invalid value, or an option that has no effect together with the others. `nanoagent run` without `--config` in a folder without `agent.yaml` is one of these cases.",
        now: "Run `nanoagent help COMMAND`, which lists the options with examples. To create an agent.yaml, run `nanoagent init`.",
      },
      {
        code: "config-unreadable",
        message: "The config file {agent.yaml} cannot be read: {there is no such file}.",
        when: "The config file does not exist, is empty, is too large or is not text, or this user may not read it.",
        now: "Check the path after `--config`. Create a config with `nanoagent init`, or make the file readable for this user.",
      },
      {
        code: "invalid-config",
        message: '{agent.yaml:3:3: spec.max_memry_mb: }unknown key: did you mean "{max_memory_mb}"?',
        when: "A key of the config is unknown or missing or has an invalid value, or the YAML or JSON itself is wrong. The message names the file, line, column and key.",
        now: "Correct the line. [The config](config.md) lists all keys, and `nanoagent check` shows all errors at once.",
      },
      {
        code: "model-not-found",
        message: "There is no model file at {models/small.gguf}.",
        when: "`model_path` or `--model` names a file that does not exist. A path in a config is relative to the config file; a path after an option is relative to the current folder.",
        now: "Correct the path. To use a model that is not on this device yet, run `nanoagent models pull NAME`, and pass its name.",
      },
      {
        code: "model-too-large",
        message: "Model file is {1100} MB but the agent allows only {100} MB.",
        when: "The model file is larger than `spec.max_model_size_mb`, whose default is 100.",
        now: "Set `spec.max_model_size_mb` to the size in the message, or use a smaller file. `nanoagent optimize --model FILE` shows what would fit.",
      },
      {
        code: "does-not-fit",
        message:
          "{small.gguf} needs {175.8} MB with a context of {256} tokens, but may use only {20.0} MB: {weights 92.1 + …}.",
        when: "The model does not fit the memory budget. The message lists the parts of the memory that it needs. Nothing was loaded.",
        now: "Apply one of the changes in the `do:` line, the cheapest first: raise `spec.max_memory_mb`, shorten the context, or use a smaller model.",
      },
      {
        code: "insufficient-memory",
        message: "Agent requires {512} MB but device only has {128} MB.",
        when: "`spec.max_memory_mb` exceeds the memory of the device, the budget is too small for the program itself, or the agent uses more than its budget while it runs. In the last case, only the message is refused.",
        now: "Set `spec.max_memory_mb` to a value that the device has. While the agent runs, `/memory` shows what uses the budget.",
      },
      {
        code: "engine-unavailable",
        message: "Running a local model needs the package {@node-llama-cpp/linux-x64}: {it is not installed}.",
        when: "The engine cannot run here: the package with llama.cpp is missing or does not match this system, the config names an engine without its settings, or a feature needs Node.",
        now: "Run the command in the `do:` line. `nanoagent check` says which library is missing. On systems without prebuilt llama.cpp, use [a model server](servers.md).",
      },
      {
        code: "remote-unreachable",
        message: "Nothing is listening at {127.0.0.1:8080}.",
        when: "The program cannot connect to the model server: the server does not run, its name or port is wrong, the network is down, or its certificate is not trusted.",
        now: "Start the server, or correct `engine.url`. For a private certificate, set the environment variable NODE_EXTRA_CA_CERTS to the file of its authority.",
      },
      {
        code: "session-in-use",
        message: "The session in {state} is already open.",
        when: "Another program uses the same conversation. The `why:` line names it.",
        now: "Stop that program, or set another `session.dir` for this agent.",
      },
    ],
  },
  {
    title: "Config and command line",
    introduction: "[The config](config.md) and [the command line](command-line.md) list all keys and options.",
    rows: [
      {
        code: "invalid-data",
        message: "{spec.name: expected a text, found a number}",
        when: "An object does not match its schema, such as a config that a program passes to `load()`, or a device file after `--device`. The message names each place and the expected value.",
        now: "Correct the value. The JSON Schemas in `@nanoagent/models/schemas` describe every key.",
      },
      {
        code: "unexpected",
        message: "{Cannot read properties of undefined}",
        when: "The program has a fault.",
        now: "Run the same command with `--debug`, and report the output with the file that [`nanoagent doctor`](doctor.md) writes.",
      },
      {
        code: "node-too-old",
        message: "nanoagent needs Node 20.19 or newer 20, or Node 22.12 or newer; this is Node {18.19.0}.",
        when: "An app runs the packages with a Node that is too old for them.",
        now: "Install Node 22, 24 or 26.",
      },
      {
        code: "missing-peer",
        message: "{A config file in YAML} needs the package {yaml}, which is not installed.",
        when: "A feature of `@nanoagent/runtime` needs an optional package. The program `@nanoagent/cli` contains what it needs, except for llama.cpp.",
        now: "Run the `npm install` command in the `do:` line.",
      },
    ],
  },
  {
    title: "Model files and memory",
    introduction: "The budget is `spec.max_memory_mb` of [the config](config.md#spec).",
    rows: [
      {
        code: "invalid-model-file",
        message: "{small.gguf} cannot be used as a model: {the file is not in the GGUF format}.",
        when: "The file is not a GGUF model, its download stopped early, or its header contradicts itself.",
        now: "Compare its size or checksum with the source's, and download it again.",
      },
      {
        code: "model-unreadable",
        message: "The model file {small.gguf} cannot be read.",
        when: "The path is a folder or a device, or this user may not read the file.",
        now: "Check the path and the file's permissions.",
      },
      {
        code: "model-outside-root",
        message: "The model file {/tmp/small.gguf} is outside {models}.",
        when: "The config has a `model_root`, and the model file is outside that folder, or is a link to a file outside.",
        now: "Move the file into that folder, or change `model_root`.",
      },
      {
        code: "invalid-size",
        message: "{target_mb} must be a finite number above zero, not {0}.",
        when: "A program passed a size, a number of cores or another figure that is not a positive number.",
        now: "Pass a number in the unit that the message names.",
      },
      {
        code: "invalid-fit-request",
        message: "{context_tokens} must be {a positive integer}, not {0}.",
        when: "A program asked for a plan with an invalid context, budget or other key.",
        now: "Correct the key that the message names.",
      },
      {
        code: "context-exceeded",
        message: "The message needs {5000} tokens, {904} more than the {4096} free in {the engine's context of 4096}.",
        when: "A single message, together with the instructions and tools, is longer than the context. `check` reports it when instructions, skills and tools alone fill the context.",
        now: "Shorten the message or the instructions, list fewer tools in `spec.capabilities`, or raise `engine.context`.",
      },
    ],
  },
  {
    title: "Finding and downloading models",
    introduction:
      "These errors come from `nanoagent models`, from places that take the name of a model, and from the package `@nanoagent/hub`. [Getting models](models.md) describes the commands.",
    rows: [
      {
        code: "invalid-model-name",
        message: '{"models/../small"} is not the name of a model.',
        when: "The text is a path, an address without a GGUF file, or has characters that a name cannot have.",
        now: "Write `org/repo`, `org/repo:QUANT`, `ollama:name:tag`, a name that `nanoagent models recommend` shows, or the address of a `.gguf` file. `nanoagent models import FILE` adds a file that is already here.",
      },
      {
        code: "model-unknown",
        message: 'Unknown model "{qwen4}".',
        when: "The name is one word, and neither the catalogue nor this device has a model of that name.",
        now: "Use one of the similar names in the `do:` line, or write the repository as `org/repo`.",
      },
      {
        code: "quantization-not-found",
        message: '{org/repo} has no file of the quantization {"Q5_0"}.',
        when: "The repository has no file of that quantization, or this device has several and the name does not say which.",
        now: "Use one of the quantizations that the `do:` line lists. `nanoagent models pull NAME --dry-run` shows them with their memory.",
      },
      {
        code: "model-not-gguf",
        message: "{org/repo} has no GGUF model.",
        when: "The source has only other formats, or only files that are not a model by themselves, such as a projector or a draft model. For an address, the server sends something else, such as a page.",
        now: "Look for a repository of the same model whose name ends in `-GGUF`. Copy the address of the download, not that of the page.",
      },
      {
        code: "repository-not-found",
        message: "{org/repo} was not found at {huggingface.co}.",
        when: "The repository, the file, the revision or the tag does not exist, or it is private. The server does not say which.",
        now: "Check the spelling. For a private repository, set HF_TOKEN.",
      },
      {
        code: "repository-gated",
        message: "{org/repo} can be downloaded only by accounts that accepted its terms.",
        when: "The authors ask for consent to a license, and the token is missing or belongs to an account that has not given it.",
        now: "Accept the terms on the page in the `do:` line, and set HF_TOKEN to a token of the same account.",
      },
      {
        code: "hub-offline",
        message: "{huggingface.co} was not contacted.",
        when: "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, and the command needs the network.",
        now: "Unset the variable, or bring the model from another device with `nanoagent models export` and `import`.",
      },
      {
        code: "host-not-allowed",
        message: "{cdn.example.org} must not be contacted.",
        when: "NANOAGENT_ALLOW_HOSTS does not list the host, or the host to which the source redirects for the file.",
        now: "Add the host to NANOAGENT_ALLOW_HOSTS if it may be contacted. `*.example.org` allows all hosts below a domain.",
      },
      {
        code: "hub-unreachable",
        message: "Cannot reach {huggingface.co}.",
        when: "No connection to the host or the proxy: no network, an unknown host name, a wrong port, or a certificate that is not trusted. The `why:` line says which.",
        now: "Check the network, HF_ENDPOINT, and the proxy in HTTPS_PROXY. For a private certificate, set NODE_EXTRA_CA_CERTS to the file of its authority.",
      },
      {
        code: "hub-refused",
        message: "{huggingface.co} refused the request for {org/repo}.",
        when: "The host answers with an error or with something that cannot be used: too many requests, an invalid token, a redirect from https to http.",
        now: "Do what the `do:` line says: wait, renew the token, or check HF_ENDPOINT.",
      },
      {
        code: "model-not-downloaded",
        message: "{org/repo:Q4_K_M} is not on this device.",
        when: "`--model`, `model_path: hub:NAME` or a command of the store names a model that is not here. Nothing is downloaded without `models pull`.",
        now: "Run the `nanoagent models pull` command in the `do:` line. `nanoagent models list` shows the names of all models here.",
      },
      {
        code: "download-damaged",
        message: "{small-Q4_K_M.gguf} arrived damaged twice.",
        when: "The size or the SHA-256 is not the one that the source states, the file changed at its source, or a file on this device changed after it was verified. A damaged file is never used.",
        now: "Run the command again. If it fails again, the mirror, a proxy or the disk damages the file.",
      },
      {
        code: "download-failed",
        message: "The download of {small-Q4_K_M.gguf} stopped at {41943040} of {98362432} bytes.",
        when: "The connection was lost several times, the disk became full, or another process with the same download does not continue. The part that arrived is kept.",
        now: "Run the same command again: it continues where it stopped.",
      },
      {
        code: "disk-too-small",
        message: "The disk has too little space for {the download of small-Q4_K_M.gguf}.",
        when: "The free space is smaller than the rest of the download. Nothing was downloaded.",
        now: "Free space with `nanoagent models rm` and `prune`, use a smaller quantization, or set HF_HUB_CACHE to a folder on another disk.",
      },
      {
        code: "store-unusable",
        message: "{org/repo:Q4_K_M} is already on this device.",
        when: "A folder or a file of the store cannot be read or written, a file would be replaced, a file to be removed belongs to another program, or a newer version began a download.",
        now: "Make the folder writable, or set HF_HUB_CACHE, XDG_DATA_HOME and XDG_STATE_HOME to folders that are. Remove files of other programs with those programs.",
      },
      {
        code: "bundle-invalid",
        message: "{model.tar} cannot be imported.",
        when: "The file is neither a GGUF file nor one that `nanoagent models export` wrote, or it is damaged or incomplete.",
        now: "Export the model again, and copy the whole file.",
      },
    ],
  },
  {
    title: "The local engine",
    introduction:
      "A local model runs in its own process. When it fails, the conversation is intact and the next message starts the engine again.",
    rows: [
      {
        code: "engine-crashed",
        message: "The engine's process ended during a request ({SIGSEGV}).",
        when: "The model's process ended unexpectedly, such as by a crash during a reply.",
        now: "Send the message again. If it happens again, use a smaller context or another model file.",
      },
      {
        code: "engine-out-of-memory",
        message: "The engine ran out of memory.",
        when: "The model's process reached its memory limit or a lower limit around the program (`ulimit -d`, `LimitDATA=`), or memory ran out even with the smallest settings.",
        now: "Set a smaller `engine.context`, use a smaller model, or raise `spec.max_memory_mb`. Remove the outer limit if the `why:` line names one.",
      },
      {
        code: "engine-hung",
        message: "The engine's process made no progress and was killed.",
        when: "The process was idle, computed without end, or sent no sign of life for too long.",
        now: "Send the message again. If it happens again, use another model file or a smaller context.",
      },
      {
        code: "engine-failed",
        message: "The {llama} engine {stopped without an end or error event}.",
        when: "The engine's native part failed, or an engine of your own broke the contract. `cause` has the original error.",
        now: "Send the message again. For an engine of your own, run `testEngine` from `@nanoagent/runtime/testing`.",
      },
      {
        code: "engine-closed",
        message: "The {llama} engine is closed.",
        when: "A program used an engine after `close()`, or closed it while it was being opened.",
        now: "Open a new engine. A closed engine cannot be used again.",
      },
      {
        code: "embeddings-not-supported",
        message: "The {rules} engine does not support embeddings.",
        when: "A program called `embed` on an engine or a model that does not support embeddings.",
        now: "Use a local model, or a server and model that support embeddings.",
      },
      {
        code: "invalid-embedding-texts",
        message: "{500} texts are too many for one embedding call. The limit is {256}.",
        when: "A program passed too many texts, texts that are too long together, or a blank text to `embed`.",
        now: "Pass fewer or shorter texts per call, and leave out blank ones.",
      },
    ],
  },
  {
    title: "Model servers",
    introduction: "[Servers as engines](servers.md) describes how a connection behaves.",
    rows: [
      {
        code: "remote-settings-invalid",
        message: "The openai-compatible engine needs engine.url, which is not set.",
        when: "`engine.url` is missing or is not an http or https address, or the key that `engine.api_key_env` names is not set or has invalid characters.",
        now: "Set `engine.url`, such as `http://127.0.0.1:8080`, and set the environment variable that `engine.api_key_env` names.",
      },
      {
        code: "network-not-allowed",
        message: "The server {models.example} is not on this machine, and the config does not allow the network.",
        when: "`engine.url` is an address of another machine, and `engine.allow_network` is false.",
        now: "Set `engine.allow_network: true` if messages may leave this machine, or use a server on 127.0.0.1.",
      },
      {
        code: "remote-model-unknown",
        message: 'The server at {127.0.0.1:11434} has no model "{qwen2.5:0.5b}".',
        when: "The server does not have the model in `engine.model`, or it has several models and `engine.model` is not set.",
        now: "Set `engine.model` to one of the names in the `why:` line.",
      },
      {
        code: "remote-refused",
        message: "The server at {127.0.0.1:8080} refused the request ({401}).",
        when: "The server answered with a status of 400 to 499, or its filter ended the reply. The `why:` line has the server's words.",
        now: "For 401 and 403, correct the key. For 404, correct `engine.url` and `engine.model`. If the context is too small, enlarge it on the server.",
      },
      {
        code: "remote-overloaded",
        message: "The server at {127.0.0.1:8080} is overloaded or not ready ({503}).",
        when: "The server still answered 429 or 503 after several attempts. It may be loading its model, or have too many requests.",
        now: "Try again later, or send the server fewer requests.",
      },
      {
        code: "remote-timeout",
        message: "The server at {127.0.0.1:8080} did not {start its response} in time.",
        when: "The server did not accept the connection, start its response or continue it within the time limits.",
        now: "Read the server's log. Use a smaller model or a shorter message, or raise `engine.first_token_seconds` and `engine.next_token_seconds`.",
      },
      {
        code: "remote-failed",
        message: "The server at {127.0.0.1:8080} closed the connection before its response was complete.",
        when: "The server answered with a status of 500 to 599, sent an error in the middle of a reply, or closed the connection.",
        now: "Check the server's log. The server may have run out of memory.",
      },
      {
        code: "remote-protocol",
        message: "The server at {127.0.0.1:8080} {sent a response that is not HTTP}.",
        when: "The response does not follow the OpenAI-compatible API, or it redirects to another address.",
        now: "Set `engine.url` to the address of llama-server, Ollama, LM Studio, vLLM or a similar server.",
      },
    ],
  },
  {
    title: "Intents, tools, MCP servers and skills",
    introduction: "[Tools and MCP servers](tools.md) describes limits and permissions.",
    rows: [
      {
        code: "invalid-intents",
        message: "The intents cannot be used: {intents.definitions.0.sentences.0, column 7: …}.",
        when: "A sentence, slot or answer has an error, or an intent calls a tool that does not exist or does not get its arguments.",
        now: "Correct the place that the message names. Define every `{slot}` of a sentence in `intents.slots`.",
      },
      {
        code: "invalid-tool",
        message: 'The tool "{valve}" cannot be used: {another tool has the same name}.',
        when: "The definition of a tool has an error, or two tools have the same name.",
        now: "Correct the tool in `tools`, or rename one of them.",
      },
      {
        code: "program-not-found",
        message: '{The tool "valve"} cannot be started: {there is no program ./valve}.',
        when: "`check` did not find the program of a tool or MCP server, the program is not executable, or its interpreter is missing. Programs are searched in `/usr/local/bin`, `/usr/bin` and `/bin`, not in the PATH of your shell.",
        now: "Install the program, make it executable with `chmod +x`, or write its full path in `command`.",
      },
      {
        code: "working-directory-not-found",
        message: '{The tool "valve"} runs in {/srv/garden}, which is not a folder.',
        when: "`working_directory` of a tool or MCP server is not a folder.",
        now: "Create the folder, or correct `working_directory`.",
      },
      {
        code: "tool-out-of-memory",
        message: "it needed more memory than {its max_memory_mb of 64 MB}, and was ended",
        when: "A tool or one of its child processes exceeded its memory limit. The agent continues, and the model learns of the failure.",
        now: "Have the tool do less at once, or raise its `max_memory_mb` or `spec.max_memory_mb`.",
      },
      {
        code: "mcp-server-invalid",
        message: 'The MCP server "{garden}" {cannot be used}: {its url is not an http or https address}.',
        when: "The settings of an MCP server are invalid, or name an environment variable that is not set.",
        now: "Correct the server in `mcp_servers`, or set the variable.",
      },
      {
        code: "mcp-server-failed",
        message: 'The MCP server "{garden}" {failed}: {it ended with code 1}.',
        when: "An MCP server could not be started or reached, ended, did not answer in time, or violated the protocol. The agent runs without the server's tools and tries again later.",
        now: "Run the server's command yourself and read its error output. Check its address and permissions.",
      },
      {
        code: "invalid-skill",
        message: "{skills/watering/SKILL.md:2}: {it has neither a description nor a body}.",
        when: "A skill or the folder in `skills_dir` cannot be used. `check` also warns with this code of faults in a skill that it can use.",
        now: "Begin SKILL.md with `name` and `description` between two lines of `---`.",
      },
    ],
  },
  {
    title: "Messages and replies",
    introduction: "In a conversation, these errors end one message. The conversation continues with the next.",
    rows: [
      {
        code: "invalid-message",
        message: "The line {is not JSON}.",
        when: "A line of `run --jsonl` is not a valid request, a document is not text, or a program passed something other than a user message.",
        now: 'Send one message per line: `{"content": "hello"}`. Convert documents to text first.',
      },
      {
        code: "message-too-large",
        message: "The message exceeds the limit of {1048576} bytes.",
        when: "A message or a document is larger than 1 MB.",
        now: "Send only the part that matters, or split it into several messages.",
      },
      {
        code: "aborted",
        message: "The turn was aborted.",
        when: "Somebody interrupted the reply with Ctrl-C, the program's signal aborted it, or the agent was closed before it ended.",
        now: "Send the message again if you still want a reply.",
      },
      {
        code: "time-limit",
        message: "The turn did not end within {60} s.",
        when: "A turn took longer than `limits.maxMilliseconds`.",
        now: "Rephrase the message, use a smaller model, or raise the limit.",
      },
      {
        code: "too-many-tokens",
        message: "The engine wrote more than {32768} tokens for one message and still called tools.",
        when: "The replies and tool calls of one turn exceeded `limits.maxTokens`.",
        now: "Rephrase the message, use a more capable model, or raise the limit.",
      },
      {
        code: "too-many-steps",
        message: "The engine called tools {8} times in a row without answering.",
        when: "The model kept calling tools until it reached the limit of steps.",
        now: "Rephrase the message, or use a more capable model.",
      },
      {
        code: "repeated-calls",
        message: 'The engine kept calling the same tools with the same results; the last was "{valve}".',
        when: "The model called the same tools with the same results three rounds in a row.",
        now: "Rephrase the message, or use a more capable model.",
      },
      {
        code: "call-not-valid",
        message: 'The engine called the tool "{valve}" with invalid arguments and did not correct them.',
        when: "The model called a tool with invalid arguments twice, or the call was cut off or repeated itself without end.",
        now: "Rephrase the message, allow a longer reply (`sampling.max_tokens`), or use a more capable model.",
      },
      {
        code: "call-missing",
        message: "The {openai-compatible} engine answered with text although a tool call was required.",
        when: "A program required a call of one of its tools (`callerTools.choice`, or `tool_choice` in a request to a service), and the model is on a server that refuses or ignores this, or calls no tools.",
        now: "Let the model decide whether to call a tool, or use a model that calls tools: a local one is held to it.",
      },
      {
        code: "reply-too-large",
        message: "The reply exceeds the limit of {1048576} characters.",
        when: "The engine did not end its reply before this limit.",
        now: "Set `sampling.max_tokens`, or rephrase the message.",
      },
      {
        code: "reply-only-thought",
        message: "The reply contains only reasoning and no answer.",
        when: "A model that thinks before it answers reached the length limit or ended its reply before the answer.",
        now: "Set `engine.thinking` to `off`, or allow longer replies (`sampling.max_tokens`, `engine.context`).",
      },
      {
        code: "reply-not-valid",
        message: "The reply does not satisfy the requested schema.",
        when: "A reply was cut off, or the engine could not follow the requested schema.",
        now: "Ask again, allow a longer reply, or simplify the schema.",
      },
      {
        code: "schema-not-supported",
        message: "The rules engine cannot follow a reply schema.",
        when: "The schema of a reply or a tool is not a JSON Schema or has a keyword that cannot be enforced, or the engine cannot follow schemas.",
        now: "Remove the keyword that the message names. For the rules engine, remove the schema or use a model.",
      },
      {
        code: "too-many-messages",
        message: "{64} messages are already waiting.",
        when: "A program sent messages faster than the agent answers them.",
        now: "Wait for a reply before sending more.",
      },
    ],
  },
  {
    title: "Sessions",
    introduction:
      "A session is the folder in `session.dir`. Damaged files are repaired and reported; they are not errors.",
    rows: [
      {
        code: "session-unreadable",
        message: "The session folder {state} cannot be used.",
        when: "The session's folder cannot be created, listed or written.",
        now: "Check `session.dir` and the folder's permissions.",
      },
      {
        code: "session-format-unknown",
        message: "{state/journal-0000000000000001.jsonl} has format {2}. This version of nanoagent supports {1}.",
        when: "A newer version of nanoagent wrote the session. A service starts, and refuses messages to such a conversation.",
        now: "Use that version, or set another `session.dir`. With a service, a new conversation also helps.",
      },
      {
        code: "session-not-saved",
        message: "The session in {state} could not be written.",
        when: "A turn could not be saved: the disk is full, faulty or read-only, or the folder was removed. Earlier turns are intact, and the next message tries again.",
        now: "Free disk space, set `session.retention`, or check the disk. If the folder was replaced, restart the agent.",
      },
      {
        code: "session-record-too-large",
        message: "The turn exceeds the session's limit of {33554432} bytes.",
        when: "A turn, with the results of its tools, is larger than a session can store.",
        now: "Limit the output of the tools with `max_output_kb`.",
      },
      {
        code: "session-closed",
        message: "The session was closed.",
        when: "A program used a session after it was closed.",
        now: "Open it again.",
      },
    ],
  },
  {
    title: "Serving an agent",
    introduction:
      "The first four end a command. The others answer requests to a service, in the form of the API that was asked, or are reasons of `/health`.",
    rows: [
      {
        code: "listen-failed",
        message: "Another program listens on {127.0.0.1:7420}.",
        when: "`nanoagent serve` cannot listen on the address: it is in use or not one of this machine's. `check` reports a file of `serve.tls` that is missing or wrong with this code; `serve` then says `invalid-config`.",
        now: "Apply the `do:` line: another port with `--port`, another address with `--host`, or files of `serve.tls` that were made together.",
      },
      {
        code: "listen-not-permitted",
        message: "Listening on {0.0.0.0:80} is not permitted.",
        when: "The system does not let this user listen on the port of `nanoagent serve` or of `serve.wyoming`. Ports below 1024 are often for root alone.",
        now: "Set the port to 1024 or above, for example 7420. `sudo nanoagent service install` gives a service the right to the port of its config.",
      },
      {
        code: "keys-unreadable",
        message: "The environment variable {AGENT_KEYS}, which serve.api_keys_env names, is {not set}.",
        when: "The keys of a service cannot be read: the variable is not set or empty, `serve.api_keys_env` is not the name of a variable, or the file of the keys is damaged or readable for others.",
        now: "Set the variable, or apply the `do:` line to the file. Without the file, a new key is made at the next start.",
      },
      {
        code: "service-not-found",
        message: "No service of this user runs on this machine.",
        when: "`nanoagent status` found no running service. It does not see those of other users, nor those whose XDG_RUNTIME_DIR is a folder of their own.",
        now: "Start one with `nanoagent serve`, or ask as the user who runs it.",
      },
      {
        code: "key-missing",
        message: "The request has no key.",
        when: "Status 401: a client sent no key or a wrong one, and the service needs one.",
        now: "Send a key of the service as `Authorization: Bearer KEY`. [Serving an agent](serve.md#keys) says where it comes from.",
        isOfService: true,
      },
      {
        code: "host-refused",
        message: 'The Host header "{evil.example}" is not a name of this service.',
        when: "Status 403: a client reached the service by a name that it does not know, or a web page of another origin used it.",
        now: "If that is right, add the name to `serve.allow_hosts`, or the page's origin to `serve.allow_origins`.",
        isOfService: true,
      },
      {
        code: "model-not-served",
        message: 'The model "{gpt-4}" is not served here.',
        when: "Status 404: a client asked for another model than those that `/v1/models` lists.",
        now: "Enter the name of the agent, `spec.name`, in the client.",
        isOfService: true,
      },
      {
        code: "request-not-valid",
        message: "The answer must be true or false.",
        when: "Status 400: a field of the request is missing or wrong, or asks for something that the agent cannot do. The message names the field.",
        now: "Correct the request. [Serving an agent](serve.md#what-of-the-apis-it-has) lists what is not supported.",
        isOfService: true,
      },
      {
        code: "route-unknown",
        message: "Unknown route: {GET /v2/models}.",
        when: "Status 404 or 405: the service has no such path, or not with this method.",
        now: "Check the base address of the client: `http://HOST:7420/v1` for OpenAI's API, `http://HOST:7420` for Ollama's.",
        isOfService: true,
      },
      {
        code: "body-refused",
        message: "The body is larger than {4194304} bytes.",
        when: "Status 413, 408 or 415: the body of a request is too large, arrived too slowly, or is compressed.",
        now: "Send a shorter conversation, without compression. A hook takes less than 64 KB.",
        isOfService: true,
      },
      {
        code: "queue-full",
        message: "The agent already has {17} requests to answer.",
        when: "Status 429: more clients wait than the agent can answer soon.",
        now: "Wait as long as `retry-after` says. If it happens often, use a smaller model, or fewer clients.",
        isOfService: true,
      },
      {
        code: "service-stopping",
        message: "The service is stopping.",
        when: "Status 503: a signal stops the service, which takes no new turns.",
        now: "Send the request again when the service has started again.",
        isOfService: true,
      },
      {
        code: "permission-unknown",
        message: "No question with this id waits for an answer.",
        when: "Status 404: a client answered a question for permission that was answered already, or whose time is over.",
        now: "Read the waiting questions with `GET /permissions`. Raise `serve.ask_seconds` if answers come too late.",
        isOfService: true,
      },
      {
        code: "conversation-unknown",
        message: "No conversation of the page has this id.",
        when: "Status 404: a message, a stop or a removal on the page for a conversation that was removed, or that was only in memory before a restart.",
        now: "Begin a new conversation. To keep conversations over a restart, set `session.dir`.",
        isOfService: true,
      },
      {
        code: "conversation-not-removed",
        message: "The conversation cannot be removed.",
        when: "Status 409: the folder of a conversation of the page contains other files, or another program uses it.",
        now: "End the other program, and remove the conversation again; or look at what is in the folder below `session.dir`, and remove it yourself.",
        isOfService: true,
      },
      {
        code: "too-many-pages",
        message: "The page is already open {32} times.",
        when: "Status 503: more pages are open than the service serves, or pages that do not read hold 8 MB of conversations.",
        now: "Close the page elsewhere. It tries again by itself.",
        isOfService: true,
      },
      {
        code: "stopping",
        message: "The service is stopping.",
        when: "A reason of `/health`: a signal stops the service.",
        now: "Wait until it has started again.",
        isOfService: true,
      },
      {
        code: "reloading",
        message: "The agent is being replaced.",
        when: "A reason of `/health`: SIGHUP was sent, and the agent of the new config is being opened. Requests wait.",
        now: "Wait until it is ready.",
        isOfService: true,
      },
      {
        code: "agent-missing",
        message: "The agent could not be opened again. Restart the service.",
        when: "A reason of `/health`: after SIGHUP the new agent could not be opened, and neither could the old one.",
        now: "Read the log, correct the config, and send SIGHUP again or restart the service.",
        isOfService: true,
      },
      {
        code: "memory-pressure",
        message: "Memory is short. Measure in force: {smaller-context}.",
        when: "A reason of `/health`: the agent answers, but has given up something because memory is short.",
        now: "See [Memory is short](#memory-is-short).",
        isOfService: true,
      },
    ],
  },
  {
    title: "Triggers and MQTT",
    introduction:
      "[Triggers](triggers.md) and [MQTT](mqtt.md) describe both. Failures of an event are in `nanoagent triggers log`, and the reasons of `/health` below say that a person should look.",
    rows: [
      {
        code: "triggers-need-session",
        message: "The triggers need session: their events are kept in its folder.",
        when: "The config has `triggers`, and no `session`.",
        now: "Add a session, such as `session: { dir: state }`. Events are kept in `events` in that folder.",
      },
      {
        code: "trigger-unknown",
        message: 'No trigger has the name "{dry-bd}".',
        when: "`nanoagent triggers run`, a button of Home Assistant or a call of `run` names a trigger that does not exist or is not enabled.",
        now: "`nanoagent triggers list` shows the names. After a change of the config, reload the service with SIGHUP.",
      },
      {
        code: "triggers-not-running",
        message: "The service did not answer, or ended before the event did.",
        when: "`nanoagent triggers run` gave an event to a service that stopped, or that runs no triggers.",
        now: "Look at `nanoagent status`. An event that was taken is in `nanoagent triggers log`, and goes on at the next start.",
      },
      {
        code: "event-refused",
        message: 'The event for the trigger "{dry-bed}" was not accepted.',
        when: "The queue of the trigger is full, the same event was there before, or the event cannot be saved. The reason says which.",
        now: "Look at `nanoagent triggers list` for the events that wait. See [Limits](triggers.md#limits).",
      },
      {
        code: "event-unknown",
        message: "No open event has the id {0kq3x8e1-4}.",
        when: "A program waits for an event that ended long ago, or that never was.",
        now: "Look for it with `nanoagent triggers log`.",
      },
      {
        code: "events-in-use",
        message: "The events in {state/events} are already in use.",
        when: "Another program works on the triggers of this session: a service that `nanoagent triggers run` could not find, for example because it belongs to another user.",
        now: "End the program that the message names, or run the command as the user of the service.",
      },
      {
        code: "events-unreadable",
        message: "The folder of events {state/events} cannot be used.",
        when: "The folder cannot be created or read: it is a file, or this user may not write there.",
        now: "Correct `session.dir`, or the owner of the folder.",
      },
      {
        code: "events-format-unknown",
        message: "{state/events/events-1.jsonl} has format {2}. This version of nanoagent supports {1}.",
        when: "A newer version of nanoagent wrote the events.",
        now: "Use that version, or set another `session.dir`.",
      },
      {
        code: "events-not-saved",
        message: "Events could not be saved in {state/events}.",
        when: "The disk is full, read-only or broken. Events are refused, so a broker keeps them, and acts wait. Also a reason of `/health`.",
        now: "Free disk space, or check the disk. The triggers go on by themselves.",
      },
      {
        code: "events-closed",
        message: "The log of events was closed.",
        when: "A program uses triggers after it has closed them.",
        now: "Open them again.",
      },
      {
        code: "event-ended",
        message: "The event {0kq3x8e1-4} has ended, so no act may begin for it.",
        when: "An event was dropped while its act was about to begin, because its queue was full.",
        now: "Nothing: the act did not run. See [Limits](triggers.md#limits) for the queue.",
      },
      {
        code: "event-record-too-large",
        message: 'A record of the kind "{act}" is too large for the log of events.',
        when: "The arguments of an act are larger than the log of events takes.",
        now: "Let the trigger pass less of its event to the tool.",
      },
      {
        code: "no-intent-matches",
        message: "The sentence matches no intent.",
        when: "`do: { sentence: … }` of a trigger says something that no intent understands. `nanoagent check` reports it before, as a warning where the sentence has placeholders.",
        now: "Compare the sentence with `intents`. `nanoagent triggers test NAME --payload …` shows it for one event.",
      },
      {
        code: "mqtt-settings-invalid",
        message: "The address {http://broker} of the broker {begins with another protocol than MQTT}.",
        when: "`mqtt` has an address, a certificate, a password or a prefix that cannot be used.",
        now: "Follow the `do:` line. `nanoagent check` names the line of the config.",
      },
      {
        code: "broker-unreachable",
        message: "The broker did not acknowledge a message to {garden/log} in time.",
        when: "No connection to the broker, or it does not answer. Also a reason of `/health`, with the cause. The agent tries again by itself.",
        now: "Check that the broker runs, and `mqtt.url`. Answers wait until the broker is there.",
      },
      {
        code: "broker-refused",
        message: "The broker refused a message to {garden/log}: {not authorized}.",
        when: "The broker does not let this client in, or does not allow the topic, or the message is too large for it.",
        now: "Correct `mqtt.username` and the password, or the permissions at the broker.",
      },
      {
        code: "mqtt-closed",
        message: "The connection to the broker was closed before it acknowledged a message.",
        when: "The service stops while a message waits for the broker.",
        now: "Nothing: the answer of a trigger is sent again at the next start.",
      },
      {
        code: "hook-unknown",
        message: "No trigger takes requests at this address.",
        when: "Status 404: a request to `/hooks/NAME`, and no trigger of this name has `when: { http: … }`.",
        now: "Compare the address with the names of the triggers.",
        isOfService: true,
      },
      {
        code: "trigger-failing",
        message: "The trigger {dry-bed} fails. See nanoagent triggers list.",
        when: "A reason of `/health`: the source of a trigger or its last act fails. It goes on trying, and the reason goes away with the next success.",
        now: "`nanoagent triggers list` has the problem, `nanoagent triggers log NAME` the events.",
        isOfService: true,
      },
      {
        code: "events-full",
        message: "The queue of the trigger {dry-bed} is full.",
        when: "A reason of `/health`: events come faster than they are done. `queue.when_full` says what happens to them.",
        now: "Look for acts that hang or fail in `nanoagent triggers log`. See [Limits](triggers.md#limits).",
        isOfService: true,
      },
      {
        code: "clock-not-set",
        message: "The clock of this device shows {1970-01-01T00:01:00.000Z}, so it was never set.",
        when: "A reason of `/health`: the device has no clock with a battery, and its time cannot be right yet.",
        now: "Connect the device to a network with a time server, or set the clock. The runs go on by themselves.",
        isOfService: true,
      },
    ],
  },
  {
    title: "A service of systemd",
    introduction: "Errors of `nanoagent service`. [Running as a service](service.md) describes the command.",
    rows: [
      {
        code: "service-needs-root",
        message: "Only root can {install} a service of the system.",
        when: "`service install` and `uninstall` were called without root, or with `--user` as root; or this user may not read the log of a service.",
        now: "Type the command of the `do:` line. For a service without root, pass `--user`.",
      },
      {
        code: "service-unsuitable",
        message: "session.dir is {/home/pi/agent/state}, where the service may not write.",
        when: "A service could not work with this config, program or name: a file is in a temporary folder, only root can read it, the port is in use, the program is in the cache of npx, or another unit has the name.",
        now: "Apply the `do:` line, then run `nanoagent service install` again. Nothing was installed.",
      },
      {
        code: "service-start-failed",
        message: "{nanoagent.service} is installed, but it did not start{: exit code 1, it failed.}",
        when: "systemd started the service, and it ended or did not become ready. The end of its log is shown before the error.",
        now: "Correct the reason, then run `sudo systemctl start nanoagent`. `nanoagent service status` shows the state.",
      },
      {
        code: "service-not-installed",
        message: "{nanoagent.service} is not installed.",
        when: "`service status` or `logs` found no unit of this name in the system, or with `--user` of this user.",
        now: "Install it with `nanoagent service install`, or pass the `--name` or `--user` that it was installed with.",
      },
      {
        code: "systemd-missing",
        message: "This machine does not run systemd, so nanoagent cannot {install a service} here.",
        when: "The machine has another init system, or is a container or WSL without systemd; or with `--user`, the systemd of this user does not run because nobody has logged in as this user.",
        now: "[Without systemd](service.md#without-systemd) has recipes for OpenRC, nohup and cron. With `--user`, log in as this user and run the command again.",
      },
      {
        code: "systemd-failed",
        message: "{systemctl daemon-reload} failed: {its words}",
        when: "A program of systemd failed, or a folder of the service cannot be removed. The message has the words of the program.",
        now: "Correct the reason that it gives, then run the same command again.",
      },
    ],
  },
  {
    title: "Devices",
    introduction: "These errors come from `nanoagent profile` and the package `@nanoagent/profiler`.",
    rows: [
      {
        code: "machine-read",
        message: "Cannot read {/proc/meminfo}: {EACCES}.",
        when: "A file of the system that the profile needs cannot be read.",
        now: "Run as a user who may read it, or declare the figure in the config's `device`.",
      },
      {
        code: "measurement",
        message: "The measurement cannot be saved in {/var/lib/nanoagent/device-measurement.json}.",
        when: "`profile --measure` or `optimize --calibrate` could not measure or could not save the result, a newer version wrote the file, or another calibration is running.",
        now: "Set XDG_STATE_HOME to a writable folder with enough space (see [the command line](command-line.md#environment-variables)), or measure again when the device is idle.",
      },
    ],
  },
  {
    title: "Scenarios",
    introduction: "[Does it do the right thing?](eval.md) describes the file.",
    rows: [
      {
        code: "scenarios-unreadable",
        message: "The scenarios in {scenarios.yaml} cannot be read: {there is no such file}.",
        when: "A scenario file does not exist, is empty, or is not text.",
        now: "Check the path after `nanoagent eval`.",
      },
      {
        code: "invalid-scenarios",
        message: "{scenarios.yaml:4:5: scenarios.0.say: }expected {a text, found a number}",
        when: "A scenario file has errors. The message names each with its line and key.",
        now: "Correct the lines. [The page on scenarios](eval.md) has a working file.",
      },
    ],
  },
  {
    title: "In your own program",
    introduction:
      "These codes come from calls of `@nanoagent/runtime` that are in the wrong order or have invalid options.",
    rows: [
      {
        code: "not-loaded",
        message: "No agent is loaded.",
        when: "A program sent a message before `load()`, after `unload()`, or to a closed agent or conversation.",
        now: "Call `load(config)` first. On an open agent, call `converse()`.",
      },
      {
        code: "already-loaded",
        message: "An agent is already loaded.",
        when: "A program called `load()` twice without `unload()` in between.",
        now: "Call `unload()` first, or use another `NanoRuntime`.",
      },
      {
        code: "turn-running",
        message: "The conversation cannot be reset while a message is being answered.",
        when: "A program called `reset()` during a reply.",
        now: "Wait for the reply, or abort it.",
      },
      {
        code: "model-name-unresolved",
        message: "model_path names the model {org/repo}, but this program does not look up names.",
        when: "The config has `model_path: hub:NAME`, and the program passed no `resolveModel`.",
        now: "Pass `resolveModel`, as [Getting models](models.md#from-code) shows, or set `model_path` to a file.",
      },
      {
        code: "invalid-options",
        message: "maxHistoryBytes must be a positive integer, not {-1}.",
        when: "An option of a conversation or of `runEval` has an invalid value.",
        now: "Pass a value of the kind that the message names.",
      },
    ],
  },
  {
    title: "Warnings of check",
    introduction:
      "`nanoagent check` shows these as warnings, and the start of an agent shows some of them as notes. They do not change the exit code.",
    rows: [
      {
        code: "unknown-capability",
        message: 'Unknown capability "{watring}": no skill, tool or built-in has that name, so it has no effect.',
        when: "A name in `spec.capabilities` does not belong to a skill, a tool, an MCP server or a built-in capability.",
        now: "Correct the name, or remove it.",
        isWarning: true,
      },
      {
        code: "tool-not-used",
        message: 'The tool "{valve}" is not used.',
        when: "No intent and no trigger names the tool, and `spec.capabilities` does not list it.",
        now: "Name it in an intent or a trigger, or in `spec.capabilities` to let the model call it. Otherwise, remove the tool.",
        isWarning: true,
      },
      {
        code: "tool-not-permitted",
        message: 'The tool "{valve}" is named {in an intent}, but its permission is never.',
        when: "An intent or `spec.capabilities` names the tool, but its permission forbids every call.",
        now: "Set its `permission` to `ask` or `always`, or remove it there.",
        isWarning: true,
      },
      {
        code: "file-not-found",
        message: '{The tool "valve"} names {./valve.py}, which does not exist in {/srv/garden}.',
        when: "An argument of a command looks like a path to a file, and the file does not exist.",
        now: "Correct the path. If the command creates the file, ignore the warning.",
        isWarning: true,
      },
      {
        code: "nobody-to-ask",
        message: 'The tool {open_vent} asks first, and when "{hot}" uses it, perhaps nobody is there to answer.',
        when: "A trigger uses a tool with `permission: ask`. Without an answer in time, the tool does not run.",
        now: "Set `permission: always` for the tool if it may run unasked. Otherwise keep the page open, or a client that answers.",
        isWarning: true,
      },
      {
        code: "no-model",
        message: 'The trigger "{report}" sends a message, and this agent has no model that could answer it.',
        when: "A trigger has `do: { message: … }`, and the agent answers by its intents alone.",
        now: "Use a tool or a sentence, or add a model.",
        isWarning: true,
      },
      {
        code: "trigger-loop",
        message: "The answer goes to {garden/log}, which the trigger itself listens to ({garden/#}).",
        when: "An answer starts its own trigger, another one, or triggers that start each other: its topic or its file is one that a trigger waits for, or the agent takes it for a question.",
        now: "Choose another topic or file, or a condition that answers do not meet.",
        isWarning: true,
      },
      {
        code: "jitter-long",
        message: "The jitter of {5m} is at least half of the interval of {10m}, so the runs come very unevenly.",
        when: "A trigger with `every` has a jitter that is not small against its interval.",
        now: "Choose a jitter that is shorter than half of the interval.",
        isWarning: true,
      },
      {
        code: "value-unknown",
        message: 'The events of "{door}" have no payload.{levl}, unless they are made by hand.',
        when: "A condition or a placeholder names a value that a schedule, a GPIO line or a file does not send.",
        now: "Correct the name. [Triggers](triggers.md#sources) has the payload of each source.",
        isWarning: true,
      },
      {
        code: "folder-not-found",
        message: '{The trigger "scan" waits for files in /srv/in}, which does not exist.',
        when: "A trigger waits for files in a folder that does not exist.",
        now: "Create the folder, or correct the path.",
        isWarning: true,
      },
      {
        code: "folder-not-writable",
        message:
          '{The answer of the trigger "scan"} cannot be written into {/srv/out}: {/srv is not writable for this user}.',
        when: "`then: { file: … }` of a trigger names a file that this user cannot write.",
        now: "Correct the path, or the owner of the folder. Check as the user of the service.",
        isWarning: true,
      },
      {
        code: "variable-not-set",
        message: "{The broker's password} is in the environment variable {MQTT_PASSWORD}, which is not set here.",
        when: "A key that ends in `_env` names a variable that the shell of `nanoagent check` does not have.",
        now: "Set the variable where the service runs. See [Files and secrets](files-and-secrets.md).",
        isWarning: true,
      },
      {
        code: "password-unprotected",
        message: "The broker's password crosses the network unencrypted.",
        when: "`mqtt.url` begins with `mqtt://`, the broker is on another machine, and there is a password.",
        now: "Use `mqtts://` where the broker offers TLS.",
        isWarning: true,
      },
      {
        code: "client-id-changed",
        message: 'The agent\'s topics have "{home_a}" in the place of this ID.',
        when: "`mqtt.client_id` has characters that a level of a topic cannot have here.",
        now: "Use at most 64 letters, digits, `-` and `_`.",
        isWarning: true,
      },
      {
        code: "fleet-id-changed",
        message: 'The agent\'s topics have "{kiosk_7}" in the place of this ID.',
        when: "`fleet.id` has characters that a level of a topic cannot have here, or more than 64 characters.",
        now: "Use at most 64 letters, digits, `-` and `_`. Two agents whose IDs become the same would replace each other.",
        isWarning: true,
      },
      {
        code: "label-hidden",
        message: 'A selector with "{site}" means another fact of the agent, not this label.',
        when: "A label of `fleet` has the name of a fact that selectors know, such as `id` or `health`.",
        now: "Write `label.NAME=…` in selectors, or rename the label.",
        isWarning: true,
      },
      {
        code: "updates-refused",
        message: "Updates through the broker are refused, because {no key is trusted}.",
        when: "The config has `fleet`, but no `fleet.trust`; or it has one, and the config is not that of a release.",
        now: "Set `fleet.trust` to the public key of your bundles, or to `[]` if updates come another way. Serve `ROOT/current/agent.yaml`: see [Bundles](bundles.md).",
        isWarning: true,
      },
      {
        code: "ambiguous-intents",
        message: '"{stop it}" matches the intents {stop} and {cancel}; {stop} runs because it comes first.',
        when: "A message matches sentences of two intents, and neither sentence is more specific.",
        now: "Reword one of the sentences, or put the intent that should run first.",
        isWarning: true,
      },
      {
        code: "ambiguities-unknown",
        message: "Too many sentences: not all pairs were searched for messages that match both.",
        when: "The intents have too many sentences to search all pairs.",
        now: "You can ignore the warning. With fewer alternatives in the sentences, the search is complete.",
        isWarning: true,
      },
      {
        code: "no-effect",
        message: '"{engine.url}" has no effect on the {llama} engine.',
        when: "A key of the config does not apply to the engine that is used.",
        now: "Remove the key, or set `engine.type` to the engine that you meant.",
        isWarning: true,
      },
      {
        code: "clients-unlimited",
        message: "Everybody who reaches this machine may talk to the agent: the Wyoming protocol has no keys.",
        when: "`serve.wyoming.allow_clients` has a network of all addresses, such as `0.0.0.0/0`. Who connects can use the agent's tools as far as they need no permission.",
        now: "Name the address of Home Assistant, such as `192.168.1.10`, or your own network, such as `192.168.1.0/24`.",
        isWarning: true,
      },
      {
        code: "session-unlimited",
        message: "A service keeps a folder for every conversation, and without session.retention none is ever removed.",
        when: "The config has `serve` and `session`, but no `session.retention`. A client that sends no id starts a new conversation, and so a new folder, with each chat.",
        now: "Set `session.retention`, with `max_mb`, `max_days` or both.",
        isWarning: true,
      },
      {
        code: "memory-limit-low",
        message: "The agent's budget is {512} MB, but this process is limited to {256} MB.",
        when: "A limit around the program, such as `MemoryMax=` or `--memory`, is lower than `spec.max_memory_mb`.",
        now: "Lower `spec.max_memory_mb`, or raise that limit.",
        isWarning: true,
      },
      {
        code: "memory-control-off",
        message: "MemoryMax of systemd and --memory of Docker have no effect on this kernel.",
        when: "The kernel was started without the memory controller, as on some versions of Raspberry Pi OS.",
        now: "Add `cgroup_enable=memory cgroup_memory=1` to the kernel's command line and restart.",
        isWarning: true,
      },
      {
        code: "data-limit-low",
        message: "This program has a data limit of {256} MB, which leaves a model less than max_memory_mb.",
        when: "The program was started with `ulimit -d` or `LimitDATA=`.",
        now: "Remove that limit, and use `MemoryMax=` instead, which limits the memory that is in use.",
        isWarning: true,
      },
      {
        code: "no-process-limits",
        message: "The program cannot limit the memory of processes that it starts: this system has no /bin/sh.",
        when: "A shell sets these limits, and a minimal container image has no shell.",
        now: "Set a memory limit on the container, or use an image that has a shell.",
        isWarning: true,
      },
      {
        code: "servers-not-counted",
        message: "The model may not fit together with {its 2 MCP servers}, which may need about {120} MB.",
        when: "`check` does not start MCP servers, so it only estimates their memory. When the agent starts, it measures that memory.",
        now: "Raise `spec.max_memory_mb`, or use a smaller context or model.",
        isWarning: true,
      },
      {
        code: "no-room-for-schemas",
        message: "Not enough memory to enforce a schema. Replies with a schema and tool calls are refused.",
        when: "The budget leaves no memory for the grammar that enforces a schema.",
        now: "Lower `engine.context`, or raise `spec.max_memory_mb`.",
        isWarning: true,
      },
      {
        code: "context-beyond-training",
        message:
          "The context of {8192} tokens exceeds the {2048} that the model was trained for. Replies break beyond that length.",
        when: "`engine.context` is longer than the trained length in the model's header.",
        now: "Set `engine.context` to the trained length or less.",
        isWarning: true,
      },
      {
        code: "context-short",
        message: "A context of {64} tokens is too short for a message and its reply: llama.cpp uses {256}.",
        when: "`engine.context` is shorter than the smallest context of llama.cpp.",
        now: "Set `engine.context` to the number in the `do:` line or more, or to `auto`.",
        isWarning: true,
      },
      {
        code: "made-for-other-work",
        message:
          'The model was made for {comparing texts} (tag "{sentence-similarity}"). Its replies may make no sense.',
        when: "A tag in the model's header names another purpose than writing text.",
        now: "Use a model that writes text, such as an instruct or chat model.",
        isWarning: true,
      },
      {
        code: "no-chat-template",
        message: "The model file has no chat template. One is guessed from its vocabulary.",
        when: "The model is a base model, or its file is incomplete.",
        now: "If replies make no sense or do not end, use a file of the instruct or chat version with its template.",
        isWarning: true,
      },
      {
        code: "chat-template-fails",
        message:
          "The model's chat template cannot be used: {cannot slice an undefined value}. Conversations use a format that matches its vocabulary, and tools are described as text.",
        when: "The chat template in the model file has an error. Replies may be worse or may not end.",
        now: "Use a newer file of this model, or one from another source.",
        isWarning: true,
      },
      {
        code: "chat-template-without-tools",
        message:
          "The model's chat template cannot show tools: {cannot slice an undefined value}. They are described as text instead.",
        when: "The part of the chat template that shows tools has an error. Tool calls may be less reliable.",
        now: "Use a newer file of this model, or one from another source.",
        isWarning: true,
      },
      {
        code: "thinking-not-switched",
        message:
          "engine.thinking is {off}, but the model's chat template has no such switch, so the setting has no effect.",
        when: "`engine.thinking` is `on` or `off`, but the model's chat template cannot switch reasoning. Or it is `off`, and the template can only shorten reasoning.",
        now: "Remove `engine.thinking`, or use a model with such a switch.",
        isWarning: true,
      },
      {
        code: "no-end-token",
        message: "The model file has no end-of-reply token. Replies may continue up to their limit.",
        when: "The model file is incomplete.",
        now: "Use a newer file of this model, or set `sampling.max_tokens` and `sampling.stop`.",
        isWarning: true,
      },
      {
        code: "no-pre-tokenizer",
        message: "The model file does not name its pre-tokenizer. The default one is used, and replies may be worse.",
        when: "An old converter made the model file.",
        now: "Use a newer file of this model.",
        isWarning: true,
      },
      {
        code: "few-bits",
        message: "Most weights have less than 2.1 bits. Replies are much worse, unless the model was trained that way.",
        when: "The model file is quantized very strongly.",
        now: "Use a file of this model with 4 bits per weight, or a smaller model.",
        isWarning: true,
      },
    ],
  },
];
