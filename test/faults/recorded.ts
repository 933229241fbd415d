import { readFileSync } from "node:fs"
import type { MadeAnswer } from "./http-faults.ts"

interface RecordedCase {
  readonly id: string
  readonly answer: {
    readonly status: number
    readonly errorCode?: string
    readonly message?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
  }
}

/** The services whose answers over HTTP were recorded. */
export type RecordedService = "aws" | "azure"

/**
 * An answer that the real service gave, ready to be given again.
 *
 * @param fill what stands in the place of the parts that differ each time: `<caller arn>`, `<name>`.
 */
export function recordedAnswer(service: RecordedService, id: string, fill: string): MadeAnswer {
  const cases = JSON.parse(
    readFileSync(new URL(`../servers/recorded/${service}.json`, import.meta.url), "utf8"),
  ) as readonly RecordedCase[]
  const found = cases.find(one => one.id === id)
  if (found === undefined) throw new Error(`there is no recorded case ${id}`)
  const { status, errorCode = "", message = "", headers = {} } = found.answer
  const text = message.replaceAll(/<[^<>]*>/g, () => fill)
  const body =
    service === "aws"
      ? { __type: errorCode, Message: text, message: text }
      : { error: { code: errorCode, message: text } }
  const sent = Object.entries(headers).filter(([, value]) => !value.startsWith("<"))
  return { status, headers: Object.fromEntries(sent), body: JSON.stringify(body) }
}
