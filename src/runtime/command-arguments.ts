import { parseArgs } from "node:util";

/** One token of a command line: `--name`, `--name=value`, `--name value`, or a word that belongs to no flag. */
export type CommandArgument =
  | {
      readonly kind: "flag";
      readonly name: string;
      readonly value: string | undefined;
      readonly inline: boolean;
    }
  | { readonly kind: "word"; readonly value: string };

/** Splits a command line; `valued` are the flags that take the next word as their value. Unknown names come back as they are. */
export function splitCommandLine(
  argv: readonly string[],
  valued: readonly string[],
): readonly CommandArgument[] {
  const options = Object.fromEntries(
    valued.map((name) => [name, { type: "string" as const, multiple: true }]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const split: CommandArgument[] = [];
  for (const token of tokens) {
    if (token.kind === "option") {
      const name = token.rawName.replace(/^--?/, "");
      split.push({ kind: "flag", name, value: token.value, inline: token.inlineValue ?? false });
    } else if (token.kind === "positional") {
      split.push({ kind: "word", value: token.value });
    }
  }
  return split;
}
