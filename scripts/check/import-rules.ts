import { circles, type Import, reachedAtOnce } from "./import-graph.ts"

/**
 * Which rooms of the library may import which, beside themselves. Loading lazily is an import too, except for the
 * one place that looks backends up by URL scheme.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "src/core": [],
  "src/near-names": ["src/core"],
  "src/secrets": ["src/core", "src/near-names"],
  "src/testing": ["src/core"],
  "src/config": ["src/core", "src/near-names", "src/secrets"],
  "src/rotation": ["src/core", "src/secrets"],
  // The one engine that is of no use without its service.
  "src/aws-rotation": ["src/core", "src/rotation", "providers/aws"],
  "src/guard": ["src/core", "src/secrets"],
  "src/observe": ["src/core", "src/secrets"],
  "src/open.ts": ["src/core", "src/secrets"],
  "src/index.ts": ["src/core", "src/secrets", "src/open.ts"],
  providers: ["src/core"],
}

/** The one file that may load backends, and only lazily. */
const LOADS_PROVIDERS = "src/open.ts"

/** What `import "latchkey"` must load at once from outside the project: nothing. */
const FACE = "src/index.ts"

/** Every rule of the imports that is broken, as a line each; empty if none is. */
export function brokenRules(imports: readonly Import[]): string[] {
  const library = imports.filter(({ from }) => roomOf(from) !== undefined)
  return [
    ...library.filter(({ inside }) => inside).flatMap(ruleOfDirection),
    ...imports.filter(({ inside }) => inside).flatMap(ruleOfFaces),
    ...ruleOfLoading(library),
    ...circles(library).map(way => `circle: ${way.join(" -> ")}`),
  ]
}

/** The room of the library that a file belongs to, or `undefined` outside of the library. */
function roomOf(file: string): string | undefined {
  const [top, second, third] = file.split("/")
  if (top === "src" && second !== undefined) return `src/${second}`
  return top === "providers" && third !== undefined ? `providers/${second}` : undefined
}

function ruleOfDirection({ from, to, kind }: Import): string[] {
  const [room, target] = [roomOf(from), roomOf(to)]
  if (room === undefined || room === target) return []
  if (target === undefined) return [`${from} imports ${to}, which is no part of the library`]
  if (from === LOADS_PROVIDERS && kind === "lazy" && target.startsWith("providers/")) return []
  // The command line is above everything.
  if (room === "src/cli") return []
  const allowed = ALLOWED[room.startsWith("providers/") ? "providers" : room]
  if (allowed === undefined) return [`${from}: no rule says what ${room} may import`]
  if (allowed.includes(target)) return []
  return [`${from} imports ${to}: ${room} may import ${allowed.join(", ") || "nothing"}`]
}

/** From outside a room its index is imported and nothing past it; tests may look inside. */
function ruleOfFaces({ from, to }: Import): string[] {
  const [room, target] = [roomOf(from), roomOf(to)]
  if (target === undefined || target === room || target.endsWith(".ts") || from.startsWith("test/")) return []
  return to === `${target}/index.ts` || isEngine(to) ? [] : [`${from} imports ${to}: past ${target}/index.ts`]
}

/** Engines are beside each other, and none is part of the face of the Rotator: each has its own. */
function isEngine(file: string): boolean {
  return /^src\/rotation\/engines\/[\w-]+\/index\.ts$/.test(file)
}

function ruleOfLoading(imports: readonly Import[]): string[] {
  const files = new Set(imports.filter(({ inside }) => inside).flatMap(({ from, to }) => [from, to]))
  return Array.from(reachedAtOnce(imports, FACE), ([to, way]) => ({ to, way }))
    .filter(({ to }) => to !== FACE && !files.has(to))
    .map(({ to, way }) => `import "latchkey" loads ${to} at once, by ${way.join(" -> ")}`)
}
