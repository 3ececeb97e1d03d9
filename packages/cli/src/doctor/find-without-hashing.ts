import { findStoredModel, localNameOf, readHubEnvironment, type StoredModel } from "@nanoagent/hub";

/** Returns the model with a name. Reads none of its contents and writes nothing, also if it was never hashed. */
export async function findWithoutHashing(name: string): Promise<StoredModel> {
  const environment = readHubEnvironment();
  return findStoredModel(await localNameOf(name, environment), environment);
}
