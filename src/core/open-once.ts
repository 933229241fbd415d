/** Something that is opened when it is first wanted: a package, a connection, a login. */
export interface OpenedOnce<T> {
  /** Opens it, or waits with all others for the opening that is under way. One that failed is made again by the next. */
  get(): Promise<T>
  /**
   * Lets go of it: the next who wants it opens it anew. Resolves to what was open, for it to be closed, once that is so;
   * to `undefined` if nothing was, or the opening failed.
   */
  take(): Promise<T | undefined>
}

/** Opens something once for all who want it, however many want it at the same time. */
export function openOnce<T>(open: () => Promise<T>): OpenedOnce<T> {
  let current: Promise<T> | undefined
  return {
    get() {
      if (current === undefined) {
        const opening = open()
        current = opening
        // Whoever opens is told of the failure; here it is only forgotten.
        opening.catch(() => {
          if (current === opening) current = undefined
        })
      }
      return current
    },
    async take() {
      const taken = current
      current = undefined
      return await taken?.catch(() => undefined)
    },
  }
}
