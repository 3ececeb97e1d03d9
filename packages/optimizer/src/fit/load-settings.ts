/** The part of a plan that can be chosen freely. */
export interface LoadSettings {
  contextTokens: number;
  batchTokens: number;
  kvType: string;
  mapsFile: boolean;
}
