import { end, lockOf } from "./ensure.ts"
import type { Identity } from "./system/identity.ts"
import { withLock } from "./system/lock.ts"
import { liveHolders, readRecord, readRecords, type ServerRecord, writeRecord } from "./system/records.ts"
import type { ServerName } from "./types.ts"

/** Takes a run off the list of those that use servers, and ends what nobody uses and nobody wants to keep. */
export async function release(folder: string, run: Identity): Promise<void> {
  await Promise.all(
    readRecords(folder).map(({ name }) =>
      underLock(folder, name, async record => {
        const holders = liveHolders(record).filter(({ pid }) => pid !== run.pid)
        if (record.kept || holders.length > 0) writeRecord(folder, { ...record, holders })
        else await end(folder, record)
      }),
    ),
  )
}

/** What became of a server that was to end. */
export type Taken = "ended" | "still used" | "was not up"

/** Ends a server, unless a test run still uses it: then it ends with that run. */
export async function takeDown(folder: string, name: ServerName): Promise<Taken> {
  const taken = await underLock(folder, name, async (record): Promise<Taken> => {
    if (liveHolders(record).length > 0) {
      writeRecord(folder, { ...record, kept: false })
      return "still used"
    }
    await end(folder, record)
    return "ended"
  })
  return taken ?? "was not up"
}

async function underLock<Result>(
  folder: string,
  name: ServerName,
  work: (record: ServerRecord) => Promise<Result>,
): Promise<Result | undefined> {
  return await withLock(lockOf(folder, name), {}, async () => {
    const record = readRecord(folder, name)
    return record === undefined ? undefined : await work(record)
  })
}
