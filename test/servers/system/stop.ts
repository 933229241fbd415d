import { hasLeftGroup, type Identity, isAlive } from "./identity.ts"
import { waitFor } from "./wait.ts"

/** How long a process may take to end by itself. */
export interface Patience {
  /** Milliseconds from SIGTERM to SIGKILL. Default: 10,000. */
  readonly term?: number
}

/**
 * Ends a process that leads a group, and waits until it is gone, with all that it has left behind. One that has ended and
 * left nothing, or whose number belongs to another process by now, is left alone.
 */
export async function stopProcess(identity: Identity, { term = 10_000 }: Patience = {}): Promise<void> {
  const ended = (): true | undefined => (isAlive(identity) ? undefined : true)
  const gone = (): true | undefined => (isAlive(identity) || hasLeftGroup(identity) ? undefined : true)
  if (gone()) return
  if (isAlive(identity)) {
    signal(identity.pid, "SIGTERM")
    await waitFor(ended, { atMost: term })
  }
  // One that has ended by itself, or was killed, may have told its children nothing.
  if (hasLeftGroup(identity)) {
    signal(-identity.pid, "SIGTERM")
    await waitFor(gone, { atMost: term })
  }
  if (gone()) return
  // The whole group, because a process that is killed cannot end its children.
  signal(-identity.pid, "SIGKILL")
  if (!(await waitFor(gone, { atMost: 30_000 }))) throw new Error(`process ${identity.pid} does not end`)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}
