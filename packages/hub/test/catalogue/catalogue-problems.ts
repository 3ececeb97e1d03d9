import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Facts that need a source unless they are null, empty or false. */
const SOURCED = [
  "repository",
  "parameters",
  "shape",
  "trained_context_tokens",
  "license",
  "tool_calling",
  "embedding",
  "good_for",
] as const;
const ROUNDED_DIGITS = 3;

interface SchemaError {
  instancePath: string;
  message?: string;
  params: Record<string, unknown>;
}

interface Validate {
  (value: unknown): boolean;
  errors?: SchemaError[] | null;
}

interface Source {
  source: number;
}

interface Model extends Record<string, unknown> {
  name: string;
  repository: string;
  variant_of?: string;
  files: (Source & { file: string; bytes_rounded: number | null })[];
  quality: (Source & { figure: string })[];
  sources: Record<string, number>;
}

const schemaAddress = new URL("../../schemas/model-catalogue.json", import.meta.url);
export const catalogueSchema: unknown = JSON.parse(readFileSync(schemaAddress, "utf8"));

const requireFromModels = createRequire(new URL("../../../models/package.json", import.meta.url));
const { default: Ajv } = requireFromModels("ajv/dist/2020.js") as {
  default: new (options: object) => { compile(schema: unknown): Validate };
};
const validate = new Ajv({ allErrors: true }).compile(catalogueSchema);

/**
 * Lists what is wrong with a catalogue: differences from the schema, or else what no schema can say: names that occur
 * twice, facts without a source, and exact sizes.
 */
export function catalogueProblems(value: unknown): string[] {
  if (!validate(value)) {
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
    );
  }
  const { sources, models } = value as { sources: unknown[]; models: Model[] };
  const names = new Set(models.map(({ name }) => name));
  return models.flatMap((model, index) => {
    const earlier = models.slice(0, index);
    const problems = [
      ...(earlier.some(({ name }) => name === model.name) ? ["its name occurs twice"] : []),
      ...(earlier.some(({ repository }) => repository === model.repository) ? ["its repository occurs twice"] : []),
      ...(model.variant_of !== undefined && !names.has(model.variant_of) ? ["variant_of is not a name"] : []),
      ...sourceProblems(model, sources.length),
      ...model.files.flatMap(({ file, bytes_rounded: bytes }) =>
        bytes !== null && Number(bytes.toPrecision(ROUNDED_DIGITS)) !== bytes
          ? [`the size of ${file} is not rounded to three digits`]
          : [],
      ),
    ];
    return problems.map((problem) => `${model.name}: ${problem}`);
  });
}

function sourceProblems(model: Model, sourceCount: number): string[] {
  const stated = [...model.files, ...model.quality].map(({ source }) => source);
  const missing = [...stated, ...Object.values(model.sources)].filter((source) => source >= sourceCount);
  return [
    ...missing.map((source) => `source ${source} does not exist`),
    ...SOURCED.flatMap((fact) => {
      const value = model[fact];
      // A model is not an embedding model unless a source says so.
      const isUnknown = value === null || value === false || (Array.isArray(value) && value.length === 0);
      const isSourced = model.sources[fact] !== undefined;
      if (!isUnknown && !isSourced) return [`${fact} has no source`];
      return value === null && isSourced ? [`${fact} is unknown but has a source`] : [];
    }),
  ];
}
