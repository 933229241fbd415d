import { type Identity, isAlive } from "./identity.ts"
import { waitFor } from "./wait.ts"

/** How long a process may take to end by itself. */
export interface Patience {
  /** Milliseconds from SIGTERM to SIGKILL. Default: 10,000. */
  readonly term?: number
}

/**
 * Ends a process that leads a group, and waits until it is gone. One that has ended, or whose number belongs to
 * another process by now, is left alone.
 */
export async function stopProcess(identity: Identity, { term = 10_000 }: Patience = {}): Promise<void> {
  const gone = (): true | undefined => (isAlive(identity) ? undefined : true)
  if (gone()) return
  signal(identity.pid, "SIGTERM")
  if (await waitFor(gone, { atMost: term })) return
  // The whole group, because a process that is killed cannot end its children.
  signal(-identity.pid, "SIGKILL")
  if (!(await waitFor(gone, { atMost: 5000 }))) throw new Error(`process ${identity.pid} does not end`)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}
