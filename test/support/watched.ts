/** SDKs and what they bring along, and other packages, by whom they belong to. No program loads those of another one. */
const OWNERS: Readonly<Record<string, RegExp>> = {
  aws: /^@(?:aws-sdk|aws-crypto|smithy)\//,
  azure: /^@(?:azure|typespec)\//,
  gcp: /^@(?:google-cloud|grpc)\/|^g(?:oogle-(?:gax|auth-library)|axios)$/,
  vault: /^node-vault$/,
  dotenv: /^dotenv$/,
  config: /^zod$/,
}

/** Those of some packages that belong to other backends than this one. */
export function foreignTo(backend: string, packages: readonly string[]): string[] {
  const others = Object.entries(OWNERS).filter(([name]) => name !== backend)
  return packages.filter(one => others.some(([, pattern]) => pattern.test(one)))
}

/**
 * What a program of `startChild` begins with to note what is loaded after that, by import or by require(): `loaded` is a
 * list of URLs, `packages()` a sorted list of packages. Those that `missing` names are resolved as if they were not
 * installed; it is a list that can be replaced, and holds at first what the variable `MISSING` says, parted by commas.
 * `missed` has each time that one was looked for.
 */
export const WATCHED: string = `
  import { registerHooks } from "node:module"
  const loaded = []
  const missed = []
  let missing = (process.env.MISSING ?? "").split(",")
  registerHooks({
    resolve(specifier, context, next) {
      if (!missing.includes(specifier)) return next(specifier, context)
      missed.push(specifier)
      // As Node looks for it where there are no packages.
      return next(specifier, { ...context, parentURL: "file:///nowhere/program.js" })
    },
    load(url, context, next) {
      loaded.push(url)
      return next(url, context)
    },
  })
  const packages = () => {
    const names = loaded.map(url => /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)?.[1])
    return [...new Set(names.filter(Boolean))].sort()
  }
`
