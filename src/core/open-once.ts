/** Something that is opened when it is first wanted: a package, a connection. */
export interface OpenedOnce<T> {
  /** Opens it, or waits with all others for the opening that is under way. One that failed is made again by the next. */
  get(): Promise<T>
  /**
   * Lets go of it: the next who wants it opens it anew. Resolves to what was open, for it to be closed, once that is so;
   * to `undefined` if nothing was, or the opening failed.
   */
  take(): Promise<T | undefined>
  /**
   * Lets go of it and closes it. Waits for no opening: what comes after that is closed when it comes, and whether it can
   * be closed then nobody is told.
   *
   * @param end closes what was open.
   */
  close(end: (open: T) => unknown): Promise<void>
}

interface Opening<T> {
  readonly promise: Promise<T>
  isOver: boolean
}

/** Opens something once for all who want it, however many want it at the same time. */
export function openOnce<T>(open: () => Promise<T>): OpenedOnce<T> {
  let current: Opening<T> | undefined
  const taken = (): Opening<T> | undefined => {
    const opening = current
    current = undefined
    return opening
  }
  return {
    get() {
      if (current === undefined) {
        const opening = { promise: open(), isOver: false }
        current = opening
        opening.promise.then(
          () => {
            opening.isOver = true
          },
          // Whoever opens is told of the failure; here it is only forgotten.
          () => {
            if (current === opening) current = undefined
          },
        )
      }
      return current.promise
    },
    async take() {
      return await taken()?.promise.catch(() => undefined)
    },
    async close(end) {
      const opening = taken()
      const closed = opening?.promise.then(end)
      if (opening?.isOver) await closed
      else closed?.catch(() => undefined)
    },
  }
}
