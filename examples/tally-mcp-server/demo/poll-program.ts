import { readFileSync } from "node:fs"
import { parseEnv } from "node:util"
import { answerParent } from "./answer-parent.ts"

/** A program as one writes it without a library: it reads its `.env` again every so many milliseconds. */
const everyMs = Number(process.argv[2])

const read = (): string => parseEnv(readFileSync(".env", "utf8")).TALLY__API_TOKEN ?? ""

let token = read()
const timer = setInterval(() => {
  token = read()
}, everyMs)

answerParent(
  () => token,
  () => clearInterval(timer),
)
