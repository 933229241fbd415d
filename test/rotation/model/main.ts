/**
 * Walks through the protocol with several misfortunes at once, which takes half an hour: `npm run explore`, or a part of it
 * as in `npm run explore -- "one dies"`. Ends with 1 if a promise is broken, and prints the way there, or if not all could be
 * walked through.
 */
import { Explorer } from "./explore.ts"
import { MORE, SETTINGS, SINGLE } from "./settings.ts"

/** Situations after which an exploration is given up, for want of memory. */
const MOST = 3_000_000

const part = process.argv[2] ?? ""
let broken = 0
let givenUp = 0
for (const { name, budget } of [...SINGLE, ...MORE].filter(misfortunes => misfortunes.name.includes(part))) {
  for (const setting of SETTINGS) {
    process.stdout.write(`${name}: ${setting.name} … `)
    const { situations, complete, violations } = new Explorer(setting).explore(budget, { most: MOST })
    process.stdout.write(`${situations} situations${complete ? "" : ", not all"}\n`)
    if (!complete) givenUp += 1
    for (const { what, trace } of violations) {
      broken += 1
      process.stdout.write(`  ${what}\n${trace.map(line => `    ${line}\n`).join("")}`)
    }
  }
}
if (givenUp > 0) process.stdout.write(`${givenUp} were given up after ${MOST} situations.\n`)
process.exitCode = broken + givenUp === 0 ? 0 : 1
