import type { OwnCallForm } from "../../src/tool-calls/own-call-form.js";

/** A template like those of a family, and the form of its calls or null where it is not known. */
export interface FamilyTemplate {
  readonly family: string;
  readonly template: string;
  readonly form: Omit<OwnCallForm, "notation" | "rendering"> | null;
}

interface Parts {
  /** Template text with the tools and the notation of calls. */
  tools?: string;
  user?: string;
  /** Template text after the role of an assistant's message: its content and its calls. */
  assistant: string;
  result?: string;
  begin?: string;
}

const tools = "{% if tools %}<|system|>{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}</s>{% endif %}";

function chat({ tools: told = tools, user, assistant, result, begin = "<|assistant|>\n" }: Parts): string {
  return [
    told,
    "{% for message in messages %}",
    `{% if message.role == 'user' %}${user ?? "<|user|>\n{{ message.content }}</s>"}`,
    `{% elif message.role == 'assistant' %}${assistant}`,
    `{% elif message.role == 'tool' %}${result ?? "<|tool|>\n{{ message.content }}</s>"}`,
    "{% else %}<|system|>{{ message.content }}</s>{% endif %}{% endfor %}",
    `{% if add_generation_prompt %}${begin}{% endif %}`,
  ].join("");
}

const json = '"{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}';
const each = (call: string) => `{% for call in message.tool_calls or [] %}${call}{% endfor %}`;
const tagged = each(`{{ "\\n" }}<tool_call>\n{"name": ${json}}\n</tool_call>`);
const hermes = {
  mark: "<tool_call>",
  before: '<tool_call>\n{"name": "',
  between: '", "arguments": ',
  after: "}\n</tool_call>",
};
const hermesForm = { name: "JSON in tags", ...hermes, next: '}\n</tool_call>\n<tool_call>\n{"name": "' };
const xml = (open: string, close: string, key: string) =>
  each(
    `${open}{% for name, value in call.function.arguments | items %}${key}{{ value | tojson if value is not string else value }}${close}{% endfor %}`,
  );

/** Families whose call marks were once mistaken for another form come first. */
export const templates: readonly FamilyTemplate[] = [
  {
    family: "every reply begins with empty thoughts, as Qwen 3's",
    template: chat({
      assistant: `<|assistant|>\n<think>\n\n</think>\n\n{{ message.content }}${tagged}</s>`,
    }),
    form: hermesForm,
  },
  {
    family: "a reply with calls has thoughts that one without has not",
    template: chat({
      assistant: `<|assistant|>\n{% if message.tool_calls %}<think>\n{{ message.reasoning_content }}</think>\n{% endif %}{{ message.content }}${tagged}</s>`,
    }),
    form: hermesForm,
  },
  {
    family: "the prompt begins the thoughts, as QwQ's",
    template: chat({
      assistant: `<|assistant|>\n{{ message.content }}${tagged}</s>`,
      begin: "<|assistant|>\n<think>\n",
    }),
    form: hermesForm,
  },
  {
    family: "the prompt begins the thoughts and a list stands in tags, as Nemotron Nano's",
    template: chat({
      assistant: `<|assistant|>\n{{ message.content }}{% if message.tool_calls %}<TOOLCALL>[{% for call in message.tool_calls %}{"name": ${json}}{{ ', ' if not loop.last else '' }}{% endfor %}]</TOOLCALL>{% endif %}</s>`,
      begin: "<|assistant|>\n<think>\n\n",
    }),
    form: {
      name: "JSON list after a tag",
      mark: "<TOOLCALL>",
      before: '<TOOLCALL>[{"name": "',
      between: '", "arguments": ',
      after: "}]</TOOLCALL>",
      next: '}, {"name": "',
    },
  },
  {
    family: "thoughts, a number for each call and other keys, as Cohere's",
    template: chat({
      assistant:
        '<|assistant|>{% if message.tool_calls %}<|START_THINKING|>{{ message.plan }}<|END_THINKING|><|START_ACTION|>[\n{% for call in message.tool_calls %}    {"tool_call_id": "{{ loop.index0 }}", "tool_name": "{{ call.function.name }}", "parameters": {{ call.function.arguments | tojson }}}{{ ",\n" if not loop.last else "\n" }}{% endfor %}]<|END_ACTION|>{% else %}<|START_RESPONSE|>{{ message.content }}<|END_RESPONSE|>{% endif %}</s>',
      begin: "<|assistant|>",
    }),
    form: {
      name: "JSON list after a tag",
      mark: "<|START_ACTION|>",
      before: '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "',
      between: '", "parameters": ',
      after: "}\n]<|END_ACTION|>",
      next: '},\n    {"tool_call_id": "1", "tool_name": "',
    },
  },
  {
    family: "marks within one another around a name and fenced text, as DeepSeek R1's",
    template: chat({
      assistant:
        "{% if message.content is none %}<｜Assistant｜><｜tool▁calls▁begin｜>{% for call in message.tool_calls %}<｜tool▁call▁begin｜>{{ call.type + '<｜tool▁sep｜>' + call.function.name + '\\n```json\\n' + call.function.arguments + '\\n```<｜tool▁call▁end｜>' }}{{ '\\n' if not loop.last else '' }}{% endfor %}<｜tool▁calls▁end｜></s>{% else %}<｜Assistant｜>{{ message.content }}</s>{% endif %}",
      begin: "<｜Assistant｜><think>\n",
    }),
    form: {
      name: "name, then JSON",
      mark: "<｜tool▁calls▁begin｜>",
      before: "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>",
      between: "\n```json\n",
      after: "\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
      next: "\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
    },
  },
  {
    family: "calls are messages of a role of their own, as GigaChat's",
    template: chat({
      assistant: `assistant<|role_sep|>\n{{ message.content }}<|message_sep|>\n\n${each(`function call<|role_sep|>\n{"name": ${json}}<|message_sep|>\n\n`)}`,
      begin: "assistant<|role_sep|>\n",
    }),
    form: null,
  },
  {
    family: "a bare object, and one call in a reply, as Llama 3's",
    template: chat({
      assistant:
        '{% if message.tool_calls %}{% if message.tool_calls | length != 1 %}{{ raise_exception("one call") }}{% endif %}<|assistant|>\n{"name": "{{ message.tool_calls[0].function.name }}", "parameters": {{ message.tool_calls[0].function.arguments | tojson }}}</s>{% else %}<|assistant|>\n{{ message.content }}</s>{% endif %}',
    }),
    form: {
      name: "JSON without tags",
      mark: null,
      before: '{"name": "',
      between: '", "parameters": ',
      after: "}",
      next: null,
    },
  },
  {
    family: "JSON in tags, as Qwen 2.5's, whose instructions show the tags",
    template: chat({
      tools: `{% if tools %}<|system|>Write <tool_call>\n{"name": NAME, "arguments": OBJECT}\n</tool_call>.{{ tools | tojson }}</s>{% endif %}`,
      assistant: `<|assistant|>\n{{ message.content }}${tagged}</s>`,
    }),
    form: hermesForm,
  },
  {
    family: "a list with ids, as Mistral's first",
    template: chat({
      assistant: `{{ message.content }}{% if message.tool_calls %}[TOOL_CALLS][{% for call in message.tool_calls %}{"name": ${json}, "id": "{{ call.id }}"}{{ ', ' if not loop.last else '' }}{% endfor %}]{% endif %}</s>`,
      user: "[INST] {{ message.content }} [/INST]",
      begin: "",
    }),
    form: {
      name: "JSON list after a tag",
      mark: "[TOOL_CALLS]",
      before: '[TOOL_CALLS][{"name": "',
      between: '", "arguments": ',
      after: ', "id": "abc123def"}]',
      next: ', "id": "abc123def"}, {"name": "',
    },
  },
  {
    family: "a name and arguments apart, as Mistral's later",
    template: chat({
      assistant: `{{ message.content }}${each("[TOOL_CALLS]{{ call.function.name }}[ARGS]{{ call.function.arguments | tojson }}")}</s>`,
      user: "[INST]{{ message.content }}[/INST]",
      begin: "",
    }),
    form: {
      name: "name, then JSON",
      mark: "[TOOL_CALLS]",
      before: "[TOOL_CALLS]",
      between: "[ARGS]",
      after: "",
      next: "[TOOL_CALLS]",
    },
  },
  {
    family: "a message to a function, as gpt-oss's",
    template: chat({
      assistant:
        "{% if message.tool_calls %}{% set call = message.tool_calls[0] %}<|start|>assistant to=functions.{{ call.function.name }}<|channel|>commentary json<|message|>{{ call.function.arguments | tojson }}<|call|>{% else %}<|start|>assistant<|channel|>final<|message|>{{ message.content }}<|end|>{% endif %}",
      begin: "<|start|>assistant",
    }),
    form: {
      name: "channel",
      mark: " to=functions.",
      before: " to=functions.",
      between: "<|channel|>commentary json<|message|>",
      after: "",
      next: null,
    },
  },
  {
    family: "parameters in tags, as Qwen 3 Coder's",
    template: chat({
      assistant: `<|assistant|>\n{{ message.content }}${xml(
        "{{ '\\n' }}<tool_call>\n<function={{ call.function.name }}>\n",
        "\n</parameter>\n",
        "<parameter={{ name }}>\n",
      ).replace("{% endfor %}{% endfor %}", "{% endfor %}</function>\n</tool_call>{% endfor %}")}</s>`,
    }),
    form: {
      name: "XML parameters",
      mark: "<tool_call>",
      before: "<tool_call>\n<function=",
      between: ">",
      after: "\n</function>\n</tool_call>",
      next: "\n</function>\n</tool_call>\n<tool_call>\n<function=",
    },
  },
  {
    family: "parameters in tags with names, as MiniMax's",
    template: chat({
      assistant: `<|assistant|>\n{{ message.content }}{% if message.tool_calls %}\n<minimax:tool_call>\n${xml(
        '<invoke name="{{ call.function.name }}">\n',
        "</parameter>\n",
        '<parameter name="{{ name }}">',
      ).replace("{% endfor %}{% endfor %}", "{% endfor %}</invoke>\n{% endfor %}")}</minimax:tool_call>{% endif %}</s>`,
      begin: "<|assistant|>\n<think>\n",
    }),
    form: {
      name: "XML parameters",
      mark: "<minimax:tool_call>",
      before: '<minimax:tool_call>\n<invoke name="',
      between: '">',
      after: "\n</invoke>\n</minimax:tool_call>",
      next: '\n</invoke>\n<invoke name="',
    },
  },
  {
    family: "keys and values in tags, as GLM's",
    template: chat({
      assistant: `<|assistant|>\n<think></think>{{ message.content }}${each(
        "{{ '\\n' }}<tool_call>{{ call.function.name }}\n{% for name, value in call.function.arguments | items %}<arg_key>{{ name }}</arg_key>\n<arg_value>{{ value | tojson if value is not string else value }}</arg_value>\n{% endfor %}</tool_call>",
      )}</s>`,
      begin: "<|assistant|>",
    }),
    form: {
      name: "keys and values in tags",
      mark: "<tool_call>",
      before: "<tool_call>",
      between: "\n",
      after: "\n</tool_call>",
      next: "\n</tool_call>\n<tool_call>",
    },
  },
  {
    family: "calls of Python, as LFM2's",
    template: chat({
      assistant:
        "{%- macro literal(value) -%}{% if value is string %}'{{ value }}'{% elif value is mapping %}{{ value | tojson }}{% elif value is boolean %}{{ 'True' if value else 'False' }}{% else %}{{ value | tojson }}{% endif %}{%- endmacro -%}<|assistant|>\n{{ message.content }}{% if message.tool_calls %}<|tool_call_start|>[{% for call in message.tool_calls %}{{ call.function.name }}({% for name, value in call.function.arguments | items %}{{ name }}={{ literal(value) }}{{ ', ' if not loop.last else '' }}{% endfor %}){{ ', ' if not loop.last else '' }}{% endfor %}]<|tool_call_end|>{% endif %}</s>",
    }),
    form: {
      name: "Python calls",
      mark: "<|tool_call_start|>",
      before: "<|tool_call_start|>[",
      between: "(",
      after: ")]<|tool_call_end|>",
      next: "), ",
    },
  },
  ...(
    [
      ["<start_function_call>", "<end_function_call>", "<escape>", "call:name"],
      ["<|tool_call>", "<tool_call|>", '<|"|>', "call:name in bars"],
    ] as const
  ).map(([opening, closing, mark, name]) => ({
    family: `a notation of its own, as ${opening}'s`,
    template: chat({
      assistant: `{%- macro literal(value) -%}{% if value is string %}${mark}{{ value }}${mark}{% elif value is mapping %}{ {%- for key, item in value | dictsort %}{{ ',' if not loop.first else '' }}{{ key }}:{{ literal(item) }}{% endfor -%} }{% else %}{{ value | tojson }}{% endif %}{%- endmacro -%}<|turn>model\n${each(
        `${opening}call:{{ call.function.name }}{ {%- for key, value in call.function.arguments | dictsort %}{{ ',' if not loop.first else '' }}{{ key }}:{{ literal(value) }}{% endfor -%} }${closing}`,
      )}{{ message.content }}</s>`,
      begin: "<|turn>model\n",
    }),
    form: {
      name,
      mark: opening,
      before: `${opening}call:`,
      between: "{",
      after: `}${closing}`,
      next: `}${closing}${opening}call:`,
    },
  })),
  {
    family: "a tag that no family has",
    template: chat({
      assistant: `<|assistant|>\n{{ message.content }}${each("<call>{{ call.function.name }} {{ call.function.arguments | tojson }}</call>")}</s>`,
    }),
    form: {
      name: "name, then JSON",
      mark: "<call>",
      before: "<call>",
      between: " ",
      after: "</call>",
      next: "</call><call>",
    },
  },
  ...(
    [
      ["knows no tools", "{% for message in messages %}{{ message.content }}{% endfor %}"],
      ["leaves calls out", chat({ assistant: "{{ message.content }}" })],
      [
        "leaves the arguments out",
        chat({ assistant: `{{ message.content }}${each("<tool_call>{{ call.function.name }}</tool_call>")}` }),
      ],
      [
        "writes other arguments",
        chat({
          assistant: `{{ message.content }}${each('<tool_call>{"name": "{{ call.function.name }}", "arguments": {}}</tool_call>')}`,
        }),
      ],
      [
        "writes the first value alone",
        chat({
          assistant: `{{ message.content }}${each('<tool_call>{"name": "{{ call.function.name }}", "arguments": {"first_key": {{ call.function.arguments.first_key | tojson }}, "second_key": {{ call.function.arguments.second_key | tojson }}}}</tool_call>')}`,
        }),
      ],
      [
        "writes every call under one name",
        chat({
          assistant: `{{ message.content }}${each('<tool_call>{"name": "probe_tool", "arguments": {{ call.function.arguments | tojson }}}</tool_call>')}`,
        }),
      ],
      [
        "writes a name and nothing else before the arguments",
        chat({
          assistant: `<|assistant|>{{ message.content }}${each("{{ call.function.name }}{{ call.function.arguments | tojson }}")}</s>`,
          begin: "<|assistant|>",
        }),
      ],
      [
        "begins every reply with the tag of a call",
        chat({
          assistant: `<|assistant|><tool_call>{{ message.content }}${each(`{"name": ${json}}`)}</s>`,
          begin: "<|assistant|>",
        }),
      ],
      ["raises", chat({ assistant: "{{ raise_exception('tools') }}" })],
      ["is broken", "{% tools"],
    ] as const
  ).map(([family, template]) => ({ family: `a template that ${family}`, template, form: null })),
];
