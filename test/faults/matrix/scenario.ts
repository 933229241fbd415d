import { expect } from "vitest"
import type { Secret, StoreWith } from "../../../src/core/index.ts"
import type { Canary } from "../../support/canary.ts"
import type { Bench, Calamity, LiveCell } from "./cell.ts"
import { drive, driven, rest, until, wait } from "./pace.ts"
import type { Row } from "./rows.ts"
import { type Subject, subjectOf } from "./subject.ts"

/** How long a call may take and how long a start, by the defaults of `Secrets`, in seconds. */
const CALL = 5
const START = 15

/** Lets a program that holds a secret live through a bad day and see the end of it. */
export async function liveThrough<B extends Bench>(row: Row, cell: LiveCell<B>, bench: B): Promise<void> {
  const { silent = false, realTime = false } = row
  const subject = subjectOf(bench, { silent, realTime, ownTimers: cell.ownTimers ?? false })
  const [value] = subject.values
  await bench.put(value.text)
  const handle = await subject.secrets.get(bench.name)
  expectShown(handle, value)
  // In the background the version before is looked for.
  await rest({ ...subject.pace, silent: false })

  const calamity = await cell.begin(bench)
  if (row.strikes === "writes") await writing(subject, bench, cell, calamity, handle)
  else if (cell.code === "none") await unharmed(subject, bench, calamity, handle)
  else await reading(subject, bench, cell, calamity, handle)
}

/** A read that fails; what is held meanwhile; a program that starts meanwhile; the end of it, without a restart. */
async function reading<B extends Bench>(
  { secrets, pace, clock, calls, failure, told, another, values }: Subject,
  bench: B,
  { code, held, retryAfterMs, startFails }: LiveCell<B>,
  calamity: Calamity,
  handle: Secret<string>,
): Promise<void> {
  const [value, next, last] = values
  const { name, store } = bench
  if (held === "current") await bench.put(last.text)
  const refreshing = failure(secrets.refresh(name))
  if (pace.silent === true) {
    await until("the call is under way", () => calls.underWay() > 0)
    await clock.advance(`${CALL}s`)
  }
  const error = await refreshing
  expect(error).toMatchObject({ code, secret: name, store: store.location })
  if (retryAfterMs === "given") expect(error.retryAfterMs).toBeGreaterThan(0)
  else expect(error.retryAfterMs).toBe(retryAfterMs)
  // One request for one read: whatever an SDK would do about it by itself is switched off.
  if (calamity.struck !== undefined) expect(calamity.struck()).toBe(1)

  if (held === "current") {
    await drive(pace, "what the service holds is shown", () => shows(handle, last))
  } else if (held === "stale") {
    if (pace.silent !== true) await wait(pace, 10)
    expectShown(handle, value)
    expect([handle.status.stale, secrets.health().status]).toEqual([true, "degraded"])
    expect([told("stale"), told("withdrawn")]).toEqual([1, 0])
  } else if (held === "ends") {
    expectShown(handle, value)
    await drive(pace, "it is withdrawn", () => told("withdrawn") > 0)
    expect(await failure(async () => handle.reveal())).toMatchObject({ code, secret: name })
    expect(secrets.health().status).toBe("failed")
  } else {
    expect(held).toBe("keeps")
    await drive(pace, "it is kept", () => told("kept") > 0)
    expectShown(handle, value)
    expect(told("withdrawn")).toBe(0)
  }

  if (held !== "current") {
    const tries = startFails === undefined ? error.transient : startFails === "in time"
    const starting = failure(another().get(name))
    expect(await driven(pace, "the start has failed", starting, START + CALL)).toMatchObject(
      tries ? { code: "TIMEOUT", lastCode: code, secret: name } : { code, secret: name },
    )
  }

  // What hangs by then goes on hanging, and time stands still for whoever waits for an answer.
  if (pace.silent === true) await drive(pace, "nothing hangs", () => calls.underWay() === 0)
  await calamity.end()
  await bench.put(next.text)
  const lively = { ...pace, silent: false }
  await drive(lively, "the new value is shown", () => handle.status.version !== "" && shows(handle, next))
  expect([handle.status.stale, secrets.health().status]).toEqual([false, "ok"])
}

/** A bad day that a program does not notice. */
async function unharmed(
  { secrets, told, values }: Subject,
  { name, put }: Bench,
  calamity: Calamity,
  handle: Secret<string>,
): Promise<void> {
  const [, next, last] = values
  await put(next.text)
  await secrets.refresh(name)
  expectShown(handle, next)
  if (calamity.struck !== undefined) expect(calamity.struck()).toBeGreaterThan(0)
  await calamity.end()
  await put(last.text)
  await secrets.refresh(name)
  expectShown(handle, last)
  expect([told("failed"), told("stale"), secrets.health().status]).toEqual([0, 0, "ok"])
}

/** A write of which nobody hears what became, by itself and through `put`, which looks. */
async function writing<B extends Bench>(
  { secrets, failure, values }: Subject,
  { name, store }: Bench,
  { code }: LiveCell<B>,
  calamity: Calamity,
  handle: Secret<string>,
): Promise<void> {
  const [value, next, last] = values
  const writable = store as StoreWith<"write">
  const signal = new AbortController().signal
  const error = await failure(writable.write(name, next.text, { signal }))
  expect(error).toMatchObject({ code, outcome: "unknown", secret: name, store: store.location })
  await secrets.refresh(name)
  expectShown(handle, next)

  if (!secrets.supports("write")) throw new Error("a write cannot be lost where nothing can be written")
  await secrets.put(name, last.text)
  expectShown(handle, last)
  if (calamity.struck !== undefined) expect(calamity.struck()).toBe(2)
  await calamity.end()
  await secrets.put(name, value.text)
  expectShown(handle, value)
}

/** Whether a handle reveals a value; the message of a failure shows neither. */
function shows(handle: Secret<string>, value: Canary): boolean {
  try {
    return handle.reveal() === value.text
  } catch {
    // It has ended, with a code that the caller has looked at.
    return false
  }
}

function expectShown(handle: Secret<string>, value: Canary): void {
  expect(handle.reveal() === value.text, "the handle shows the value").toBe(true)
}
