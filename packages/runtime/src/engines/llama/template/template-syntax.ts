/** An expression of a template. */
export type Expression =
  | { type: "constant"; value: string | number | boolean | null; isFloat?: boolean }
  | { type: "name"; name: string }
  | { type: "list" | "tuple"; items: Expression[] }
  | { type: "dict"; items: [Expression, Expression][] }
  | { type: "attribute"; of: Expression; name: string }
  | { type: "item"; of: Expression; key: Expression }
  | { type: "slice"; of: Expression; bounds: (Expression | null)[] }
  | { type: "call"; callee: Expression; args: Arguments }
  | { type: "filter"; of: Expression; name: string; args: Arguments }
  | { type: "test"; of: Expression; name: string; args: Arguments; isNegated: boolean }
  | { type: "unary"; operator: "-" | "+" | "not"; of: Expression }
  | { type: "binary"; operator: string; left: Expression; right: Expression }
  | { type: "compare"; first: Expression; rest: { operator: string; value: Expression }[] }
  | { type: "ternary"; test: Expression; value: Expression; otherwise: Expression | null };

export interface Arguments {
  positional: { value: Expression; isSpread: boolean }[];
  /** A null name means that a mapping is unpacked. */
  named: { name: string | null; value: Expression }[];
}

/** A filter without its operand: `upper`, `join(", ")`. */
export interface FilterStep {
  name: string;
  args: Arguments;
}

/** Target of an assignment. */
export type Target =
  | { type: "name"; name: string }
  | { type: "tuple"; items: Target[] }
  | { type: "attribute"; of: string; name: string };

export interface Parameter {
  name: string;
  standard: Expression | null;
}

/** A statement of a template. */
export type Statement =
  | { type: "data"; text: string }
  | { type: "output"; value: Expression }
  | { type: "if"; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | {
      type: "for";
      target: Target;
      items: Expression;
      test: Expression | null;
      isRecursive: boolean;
      body: Statement[];
      otherwise: Statement[];
    }
  | { type: "set"; target: Target; value: Expression }
  | { type: "set-block"; target: Target; filters: FilterStep[]; body: Statement[] }
  | { type: "macro"; name: string; parameters: Parameter[]; body: Statement[] }
  | { type: "call-block"; call: Expression; parameters: Parameter[]; body: Statement[] }
  | { type: "filter-block"; filters: FilterStep[]; body: Statement[] }
  | { type: "with"; values: { target: Target; value: Expression }[]; body: Statement[] }
  | { type: "scope"; body: Statement[] }
  | { type: "do"; value: Expression }
  | { type: "break" | "continue" };
