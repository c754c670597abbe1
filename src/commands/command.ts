/** What a command may touch of the process it runs in. Tests and the demo hand in their own. */
export interface CommandIo {
  /** Writes text as it is, newline included by the caller. For what the user asked for. */
  readonly out: (text: string) => void;
  /** The same for complaints. Logs go through `Log`, not here. */
  readonly err: (text: string) => void;
  /** Aborted when the process is asked to end (SIGINT, SIGTERM); a second signal ends it without asking. */
  readonly stop: AbortSignal;
}

/**
 * One command of the program; every file `src/commands/NAME.ts` exports it as `run`.
 * `argv` holds what follows the command's name. Resolves with the exit code: 0 done, 1 failed, 2 wrong flags.
 */
export type RunCommand = (argv: readonly string[], io: CommandIo) => Promise<number>;

/** The part of a command's module that main.ts reads. */
export interface CommandModule {
  readonly run: RunCommand;
}
