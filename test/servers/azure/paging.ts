import { badParameter } from "./answers.ts"

/** The largest page, and the one that is given unless the caller wants a smaller one. */
const PAGE = 25

/** What a caller asked for and where. */
export interface Asked {
  /** The host as the caller wrote it, with the port if there was one. */
  readonly host: string
  readonly path: string
  readonly query: URLSearchParams
}

/**
 * One page, in the form of the REST reference. `all` is in the order of `keyOf`, which the next page is found by, so
 * that what is written or deleted between two pages neither repeats nor hides anything else.
 */
export function page<T>(
  all: readonly T[],
  keyOf: (one: T) => string,
  written: (one: T) => unknown,
  { host, path, query }: Asked,
): { readonly value: readonly unknown[]; readonly nextLink: string | null } {
  const size = sizeOf(query)
  const after = markerOf(query)
  const left = after === undefined ? all : all.filter(one => keyOf(one) > after)
  const shown = left.slice(0, size)
  const last = shown.at(-1)
  if (last === undefined || left.length === shown.length) return { value: shown.map(written), nextLink: null }
  const marker = Buffer.from(JSON.stringify({ NextMarker: keyOf(last) })).toString("base64url")
  const version = query.get("api-version")
  return {
    value: shown.map(written),
    nextLink: `https://${withPort(host)}${path}?api-version=${version}&$skiptoken=${marker}&maxresults=${size}`,
  }
}

/** The service always writes the port, also the one that every client leaves out. */
function withPort(host: string): string {
  return /:\d+$/.test(host) ? host : `${host}:443`
}

function sizeOf(query: URLSearchParams): number {
  const given = query.get("maxresults")
  if (given === null) return PAGE
  const size = Number(given)
  if (!Number.isInteger(size) || size < 1 || size > PAGE)
    throw badParameter(`Invalid value for maxresults: it must be between 1 and ${PAGE}`)
  return size
}

function markerOf(query: URLSearchParams): string | undefined {
  const token = query.get("$skiptoken")
  if (token === null) return undefined
  try {
    const { NextMarker: marker } = JSON.parse(Buffer.from(token, "base64url").toString()) as {
      NextMarker?: unknown
    }
    if (typeof marker === "string") return marker
  } catch {
    // What is no JSON is refused like JSON that says something else.
  }
  throw badParameter("The skiptoken is not one of this service")
}
