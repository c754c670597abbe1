import type { Flag, FlagTable } from "./flag.ts";

/** What `--help` prints: usage, what the command does, its flags in the table's order with their defaults. */
export function helpText(command: string, about: string, table: FlagTable): string {
  const shown = Object.entries(table).filter(([, flag]) => !flag.hidden);
  const rows = shown.map(([name, flag]) => ({ head: headOf(name, flag), text: textOf(flag) }));
  rows.push({ head: "--help", text: "Show this text." }, { head: "--version", text: "Show the version." });
  const body = rows.map(({ head, text }) => `  ${head}\n${wrap(text, 92, "      ")}`).join("\n");
  return `usage: sluice ${command} [flags]\n\n${wrap(about, 98, "")}\n\nFlags:\n${body}\n`;
}

function headOf(name: string, flag: Flag<unknown>): string {
  if (flag.kind === "boolean") return `--[no-]${name}`;
  return `--${name}=${flag.placeholder}${flag.repeatable ? " …" : ""}`;
}

function textOf(flag: Flag<unknown>): string {
  const byDefault = flag.kind === "value" && flag.defaults.length > 0 && flag.defaults[0] !== "";
  return byDefault ? `${flag.help} Default ${flag.defaults.join(", ")}.` : flag.help;
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => indent + each).join("\n");
}
