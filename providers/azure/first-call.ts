import { untilAborted } from "../../src/core/index.ts"

/** Makes a call with a client, as soon as that is safe. */
export type Pass<Client> = <T>(signal: AbortSignal, call: (client: Client) => Promise<T>) => Promise<T>

interface Turn<Client> {
  readonly client: Client
  past: boolean
  /** Settles when the first call has got past the challenge, or ended. */
  first: Promise<void> | undefined
  settle(): void
}

/**
 * Lets the first call of a client go alone until it has a token. The SDK sends its first request without token and
 * body, keeps the body for the second one, and takes it for sent if another call gets a token in between: of two first
 * writes one then reaches the vault authenticated and empty.
 *
 * A client whose first call ended before it had a token is replaced, because it would send the bodies of all later calls
 * without a token first.
 *
 * @param make makes a client; calls `past` when a request with a token leaves.
 */
export function firstCallAlone<Client>(make: (past: () => void) => Client): Pass<Client> {
  const begin = (): Turn<Client> => {
    const turn = { past: false, first: undefined, settle: () => undefined }
    return Object.assign(turn, { client: make(() => letIn(turn)) })
  }
  let current: Turn<Client> | undefined

  async function goFirst<T>(turn: Turn<Client>, call: (client: Client) => Promise<T>): Promise<T> {
    turn.first = new Promise(resolve => {
      turn.settle = resolve
    })
    try {
      const answer = await call(turn.client)
      turn.past = true
      return answer
    } finally {
      if (!turn.past && current === turn) current = undefined
      turn.settle()
    }
  }

  return async (signal, call) => {
    for (;;) {
      current ??= begin()
      const turn = current
      if (turn.past) return await call(turn.client)
      if (turn.first === undefined) return await goFirst(turn, call)
      const { first } = turn
      await untilAborted(signal, async () => await first)
    }
  }
}

function letIn(turn: { past: boolean; settle(): void }): void {
  turn.past = true
  turn.settle()
}
