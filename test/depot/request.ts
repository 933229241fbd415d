import { DepotFailure } from "./errors.ts"

/** Makes the one function through which the server is asked. It throws nothing but a {@link DepotFailure}. */
export function asked(base: URL, token: string) {
  return async (
    method: "GET" | "PUT" | "DELETE",
    path: string,
    signal: AbortSignal,
    body?: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, unknown>> => {
    // fetch leaves its listener on the signal that it is given, and callers share one among many calls.
    const controller = new AbortController()
    const abort = () => controller.abort()
    signal.addEventListener("abort", abort, { once: true })
    try {
      const response = await fetch(new URL(path, base), {
        method,
        signal: controller.signal,
        headers: { ...headers, authorization: `Bearer ${token}` },
        ...(body && { body: JSON.stringify(body) }),
      })
      if (!response.ok) throw new DepotFailure(response.status, response.headers.get("retry-after"))
      return (await response.json()) as Record<string, unknown>
    } catch (thrown) {
      // What fetch and the parser throw quotes addresses and answers; only that there was no good answer is kept.
      throw thrown instanceof DepotFailure ? thrown : new DepotFailure(undefined)
    } finally {
      signal.removeEventListener("abort", abort)
    }
  }
}
