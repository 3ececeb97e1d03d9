import type { RemoteModel } from "./remote-model.js";

/** Most models of a repository, each of which costs requests for its header. Large repositories have 40. */
const MAX_MODELS = 128;

/** Returns at most 128 models in the same order, those first that a label stands for, and the number of the others. */
export function limitModels(models: readonly RemoteModel[]): { kept: readonly RemoteModel[]; leftOut: number } {
  if (models.length <= MAX_MODELS) return { kept: models, leftOut: 0 };
  const labels = new Set<string>();
  const isFirst = ({ quantization }: RemoteModel) => {
    if (quantization === null || labels.has(quantization)) return false;
    labels.add(quantization);
    return true;
  };
  const first = models.filter(isFirst);
  const chosen = new Set([...new Set([...first, ...models])].slice(0, MAX_MODELS));
  return { kept: models.filter((model) => chosen.has(model)), leftOut: models.length - chosen.size };
}
