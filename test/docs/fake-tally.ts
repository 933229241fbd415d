const KNOWN = new Set(["Bearer tly-snippet", "Bearer tly-new-snippet"])

/** Takes the place of the network for a snippet: the Tally API knows one token, and the one that is to follow it. */
globalThis.fetch = async (_input, init) => {
  const known = KNOWN.has(new Headers(init?.headers).get("authorization") ?? "")
  return new Response('{ "id": "usr_1" }', { status: known ? 200 : 401 })
}
