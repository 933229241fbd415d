import { Command, CommanderError } from "commander"
import { type Running, rotateCommand } from "./commands/rotate.ts"
import { EXIT } from "./exit-codes.ts"
import { writeLine } from "./streams.ts"

/** Runs the command line to its end. */
export async function runProgram(args: readonly string[], version: string, running: Running): Promise<void> {
  const { out, err } = running.streams
  const program = new Command("latchkey")
    .description(
      "Reads, watches and rotates the secrets of a Node program, from whichever backend holds them.",
    )
    .version(version)
    .showHelpAfterError("(--help says what there is)")
    .exitOverride()
    .configureOutput({ writeOut: text => void out.write(text), writeErr: text => void err.write(text) })
  const rotate = rotateCommand(running).copyInheritedSettings(program)
  program.addCommand(rotate)
  try {
    await program.parseAsync([...args], { from: "user" })
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // What is wrong was said already, and so was the help that was asked for.
      running.ended(thrown.exitCode === 0 ? EXIT.done : EXIT.usage)
      return
    }
    const { name } = thrown as Partial<Error>
    writeLine(
      err,
      `latchkey: ${name ?? "an error"} that nobody expected; its message may hold a value and is not shown`,
    )
    running.ended(EXIT.failed)
  }
}
