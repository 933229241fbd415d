/** The service that tokens are for: accepts some, and notes what it was called with. */
export function farSide(...accepted: string[]): {
  readonly accepts: Set<string>
  readonly calls: string[]
  readonly call: (token: string) => Promise<{ readonly status: number }>
} {
  const calls: string[] = []
  const accepts = new Set(accepted)
  return {
    accepts,
    calls,
    call: async (token: string): Promise<{ readonly status: number }> => {
      calls.push(token)
      await Promise.resolve()
      return { status: accepts.has(token) ? 200 : 401 }
    },
  }
}
