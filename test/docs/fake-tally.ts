/** Takes the place of the network for a snippet: the Tally API knows one token. */
globalThis.fetch = async (_input, init) => {
  const known = new Headers(init?.headers).get("authorization") === "Bearer tly-snippet"
  return new Response("{}", { status: known ? 200 : 401 })
}
