/**
 * Milliseconds that a machine under load is given for what should take a few: below the 20 seconds after which a test
 * is ended without a word on what it waited for.
 */
export const PATIENCE = 15_000

/** How to wait. */
export interface Waiting {
  /** Milliseconds after which the last check begins. Default: {@link PATIENCE}. */
  readonly atMost?: number
  /** Milliseconds between two checks. Default: 5. More where a check does something. */
  readonly every?: number
}

// Kept from before any test puts a clock of its own in their place.
const { setTimeout, clearTimeout } = globalThis
const now = performance.now.bind(performance)

/** Milliseconds that a check is given when the time is over. */
const LAST_CHECK = 2_000

/**
 * Waits for something outside of the test: checks again and again, one check after the other, until one does not throw.
 * The last check begins when the time is over, so that a machine that stood still meanwhile has its chance.
 *
 * `await eventually(() => expect(server.requests).toHaveLength(1))`
 *
 * @returns what that check gave.
 * @throws what the last check threw, whose message then says for how long it was so; or that a check came to no end.
 */
export async function eventually<Seen>(
  check: () => Seen | Promise<Seen>,
  { atMost = PATIENCE, every = 5 }: Waiting = {},
): Promise<Seen> {
  const end = now() + atMost
  let failure: unknown
  for (;;) {
    const isLast = now() >= end
    try {
      return await ended(check(), Math.max(0, end - now()) + LAST_CHECK)
    } catch (thrown) {
      if (thrown instanceof Endless)
        throw said(failure ?? thrown, `${thrown.message}, after ${atMost} ms of waiting`)
      if (isLast) throw said(thrown, `still so after ${atMost} ms of waiting`)
      failure = thrown
    }
    await new Promise<void>(resolve => setTimeout(resolve, every))
  }
}

/** A check that has not ended. */
class Endless extends Error {
  override readonly name = "Endless"
}

async function ended<Seen>(seen: Seen | Promise<Seen>, atMost: number): Promise<Seen> {
  if (!(seen instanceof Promise)) return seen
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Endless("a check came to no end")), atMost)
  })
  try {
    return await Promise.race([seen, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The same error, so that what was expected and what was found is shown with it. */
function said(thrown: unknown, what: string): Error {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  error.message = `${what}: ${error.message}`
  return error
}
