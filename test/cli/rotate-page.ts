import { rotateCommand } from "../../src/cli/commands/rotate.ts"
import { EXIT_TEXTS } from "../../src/cli/exit-codes.ts"

/** Between these two lines stands what is made of the command. */
const BEGIN = (part: string): string =>
  `<!-- ${part}: written by "npm run docs" from the command itself -->\n`
const END = "<!-- end -->\n"

/** The page on `latchkey rotate`, with the parts of it that the command says itself brought up to date. */
export function rotatePage(page: string): string {
  const rows = (cells: readonly (readonly [string, string])[]): string =>
    `| | |\n|---|---|\n${cells.map(([what, text]) => `| ${what} | ${text} |`).join("\n")}\n`
  const options = optionsOfRotate().map(([flags, text]) => [`\`${flags}\``, text] as const)
  const codes = Object.entries(EXIT_TEXTS).map(([code, text]) => [`\`${code}\``, text] as const)
  return replaced(replaced(page, "options", rows(options)), "exit codes", rows(codes))
}

/** Every option of the command, as `--help` has it. */
export function optionsOfRotate(): readonly (readonly [flags: string, text: string])[] {
  // Only asked what it has: it is never run.
  const command = rotateCommand({} as Parameters<typeof rotateCommand>[0])
  return command.options.map(({ flags, description }) => [flags, description] as const)
}

function replaced(page: string, part: string, text: string): string {
  const begin = page.indexOf(BEGIN(part))
  const end = page.indexOf(END, begin)
  if (begin === -1 || end === -1) throw new Error(`the page has no place for its ${part}`)
  return `${page.slice(0, begin)}${BEGIN(part)}${text}${page.slice(end)}`
}
