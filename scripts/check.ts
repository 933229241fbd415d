/**
 * Checks all that tests do not: one line per check, and what failed at the end.
 * `npm run check -- types imports` runs those whose names contain one of the words.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { styleText } from "node:util"
import { bundle } from "./check/bundle.ts"
import type { Check } from "./check/check.ts"
import { consumer } from "./check/consumer.ts"
import { exports } from "./check/exports.ts"
import { floatingPromises } from "./check/floating-promises.ts"
import { imports } from "./check/imports.ts"
import { links } from "./check/links.ts"
import { Packed } from "./check/packed.ts"
import { lint, publish, resolution, types, unused } from "./check/tools.ts"

/** Those that need the packed package come last, because packing takes a moment. */
const CHECKS: readonly Check[] = [
  types,
  lint,
  floatingPromises,
  imports,
  unused,
  consumer,
  bundle,
  exports,
  links,
  publish,
  resolution,
]

/** Most checks are one busy process. */
const AT_ONCE = 3

const wanted = process.argv.slice(2)
const chosen = CHECKS.filter(({ name }) => wanted.length === 0 || wanted.some(word => name.includes(word)))
if (chosen.length === 0) {
  process.stderr.write(`no such check; there are: ${CHECKS.map(({ name }) => name).join(", ")}\n`)
  process.exit(2)
}

const folder = await mkdtemp(join(tmpdir(), "latchkey-check-"))
const failures: { readonly name: string; readonly reason: string }[] = []
const began = performance.now()
try {
  const packed = new Packed(folder)
  const waiting = [...chosen]
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
        await report(check, packed)
      }
    }),
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}

for (const { name, reason } of failures) {
  // Several checks fail together when the package cannot be packed.
  const first = failures.find(failure => failure.reason === reason)?.name
  process.stdout.write(`\n== ${name}\n${first === name ? reason : `the same as under ${first}`}\n`)
}
const passed = chosen.length - failures.length
process.stdout.write(`\n${passed} of ${chosen.length} checks ok, ${seconds(began)}\n`)
process.exitCode = failures.length === 0 ? 0 : 1

async function report(check: Check, packed: Packed): Promise<void> {
  const start = performance.now()
  try {
    const remark = await check.run(packed)
    const rest = remark === undefined ? "" : `  ${remark}`
    line(styleText("green", "ok    "), `${check.name.padEnd(28)}${seconds(start).padStart(7)}${rest}`)
  } catch (error) {
    line(styleText("red", "failed"), `${check.name.padEnd(28)}${seconds(start).padStart(7)}`)
    failures.push({ name: check.name, reason: error instanceof Error ? error.message : String(error) })
  }
}

function line(verdict: string, text: string): void {
  process.stdout.write(`${verdict}  ${text}\n`)
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
