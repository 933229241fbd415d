import { styleText } from "node:util"

type Style = Parameters<typeof styleText>[0]

/** Colours a text where stdout can show it; honours NO_COLOR and FORCE_COLOR. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout, validateStream: true })
}

/** Writes one line of the story. */
export function say(line = ""): void {
  process.stdout.write(`${line}\n`)
}

/** Writes the heading of a chapter. */
export function chapter(number: number, text: string): void {
  say(`\n${styled("cyan", ` ${number} `)} ${styled("bold", text)}`)
}

/** Writes a figure, and whether it is as it should be; returns the latter. */
export function figure(label: string, value: string, good: boolean): boolean {
  const mark = good ? styled("green", "✓") : styled("red", "✗")
  say(`    ${mark} ${label.padEnd(47)} ${styled(good ? "bold" : "red", value)}`)
  return good
}

const BAR_WIDTH = 24

/** A bar that fills while one waits: on a terminal only, a pipe gets nothing. */
export function progressBar(total: number): { show(done: number, text: string): void; end(): void } {
  if (!process.stdout.isTTY) return { show() {}, end() {} }
  return {
    show(done, text) {
      const filled = Math.round((done / total) * BAR_WIDTH)
      const bar = styled("cyan", "█".repeat(filled)) + styled("dim", "░".repeat(BAR_WIDTH - filled))
      process.stdout.write(`\r\x1b[K    ${bar} ${text}`)
    },
    end() {
      process.stdout.write("\r\x1b[K")
    },
  }
}

/** How often somebody who waits is told so where there is no terminal, in ms. */
const REMINDER_MS = 10_000

/** Says what is waited for: on a terminal in one line that changes, in a pipe now and then in a line of its own. */
export function waitingLine(): { show(text: string): void; end(): void } {
  if (process.stdout.isTTY) {
    return {
      show: text => void process.stdout.write(`\r\x1b[K    ${styled("dim", text)}`),
      end: () => void process.stdout.write("\r\x1b[K"),
    }
  }
  let told = performance.now()
  return {
    show(text) {
      if (performance.now() - told < REMINDER_MS) return
      told = performance.now()
      say(`    ${text}`)
    },
    end() {},
  }
}
