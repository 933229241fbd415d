import { Command, CommanderError } from "commander"
import { className } from "../core/index.ts"
import { type Running, rotateCommand } from "./commands/rotate.ts"
import { EXIT } from "./exit-codes.ts"
import { documentText } from "./rotate/json.ts"
import { writeLine } from "./streams.ts"

/** Runs the command line to its end. Never rejects. */
export async function runProgram(args: readonly string[], version: string, running: Running): Promise<void> {
  const { out, err } = running.streams
  const isJson = args.includes("--json")
  const program = new Command("latchkey")
    .description(
      "Reads, watches and rotates the secrets of a Node program, from whichever backend holds them.",
    )
    .version(version)
    .showHelpAfterError("(--help says what there is)")
    .exitOverride()
    .configureOutput({
      writeOut: text => void out.write(text),
      // With --json it is told in the document.
      writeErr: text => void (isJson || err.write(text)),
      outputError: (text, write) => write(withoutValue(text).replace(/^error:/, "latchkey:")),
    })
  const rotate = rotateCommand(running).copyInheritedSettings(program)
  program.addCommand(rotate)
  try {
    await program.parseAsync([...args], { from: "user" })
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // What is wrong was said already, and so was the help that was asked for.
      const exitCode = thrown.exitCode === 0 ? EXIT.done : EXIT.usage
      if (exitCode === EXIT.usage && isJson) {
        const [message = "", meant] = withoutValue(thrown.message)
          .replace(/^error: /, "")
          .split("\n")
        const hint = meant?.replace(/^\(|\)$/g, "") ?? "latchkey rotate --help says what there is"
        writeLine(out, documentText({ kind: "error", exitCode, error: { message, hint } }))
      }
      running.ended(exitCode)
      return
    }
    const message = `${className(thrown)} that nobody expected; its message may hold a value and is not shown`
    if (isJson) {
      writeLine(out, documentText({ kind: "error", exitCode: EXIT.failed, error: { message } }))
    } else writeLine(err, `latchkey: ${message}`)
    running.ended(EXIT.failed)
  }
}

/** A message that quotes `--token=…`, which there is not, shows no token in a log. */
function withoutValue(text: string): string {
  return text.replace(/'(--?[\w-]+)=[^']*'/g, "'$1'")
}
