import type { CommandIo, CommandModule } from "./commands/command.ts";
import { nearestName } from "./config/nearest-name.ts";
import { messageOf } from "./lib/errors.ts";
import { tuneGarbageCollector } from "./runtime/garbage-collector.ts";
import { commandLine, exit, onSignal, writeStderr, writeStdout } from "./runtime/process.ts";
import { buildInfo } from "./telemetry/component-status.ts";

/** The commands, each loaded only when it is asked for. */
const commands: Readonly<
  Record<string, { readonly about: string; readonly load: () => Promise<CommandModule> }>
> = {
  query: { about: "The gateway: PromQL over many clusters.", load: () => import("./commands/query.ts") },
  sidecar: { about: "Serves one Prometheus as StoreAPI.", load: () => import("./commands/sidecar.ts") },
  demo: {
    about: "Clusters and a gateway to try out, on this machine.",
    load: () => import("./commands/demo.ts"),
  },
};

/** What `sluice` without a command prints. */
function usage(): string {
  const rows = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(10)}${about}`);
  return `usage: sluice <command> [flags]\n\nCommands:\n${rows.join("\n")}\n\nFlags of a command: sluice <command> --help\n`;
}

async function main(): Promise<number> {
  tuneGarbageCollector();
  const [name = "", ...argv] = commandLine();
  if (["", "help", "--help", "-h"].includes(name)) {
    writeStdout(usage());
    return name === "" ? 2 : 0;
  }
  if (name === "--version" || name === "version") {
    writeStdout(`sluice ${buildInfo().version} (${buildInfo().goVersion})\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const nearest = nearestName(name, Object.keys(commands));
    const hint = nearest === undefined ? "" : `, did you mean ${nearest}?`;
    writeStderr(`Cannot run ${JSON.stringify(name)}: no such command${hint}\n\n${usage()}`);
    return 2;
  }
  const { run } = await command.load();
  return run(argv, createIo());
}

function createIo(): CommandIo {
  const stop = new AbortController();
  onSignal(["SIGINT", "SIGTERM"], (signal) => {
    if (stop.signal.aborted) exit(signal === "SIGINT" ? 130 : 143);
    stop.abort(new DOMException(signal, "AbortError"));
  });
  return { out: writeStdout, err: writeStderr, stop: stop.signal };
}

try {
  exit(await main());
} catch (error) {
  writeStderr(`${messageOf(error)}\n`);
  exit(1);
}
