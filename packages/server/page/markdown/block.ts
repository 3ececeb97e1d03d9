/** A block of Markdown. Texts of it still have their inline markers. */
export type Block =
  | { readonly type: "paragraph"; readonly text: string }
  | { readonly type: "heading"; readonly level: number; readonly text: string }
  | { readonly type: "code"; readonly language: string; readonly text: string }
  | { readonly type: "quote"; readonly blocks: readonly Block[] }
  | { readonly type: "list"; readonly start: number | null; readonly items: readonly (readonly Block[])[] }
  | { readonly type: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly type: "rule" };

/** A block with its lines, from the first one up to, but not including, the last one. */
export interface PlacedBlock {
  readonly block: Block;
  readonly from: number;
  readonly to: number;
}
