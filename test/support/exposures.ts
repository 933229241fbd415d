import { format, inspect, types } from "node:util"
import { serialize } from "node:v8"

/** One text that a thing gives away, and how it came to be. */
export interface Exposure {
  readonly how: string
  readonly text: string
}

/** Everything that a thing gives to whoever prints, serialises, copies or looks through it. */
export function exposuresOf(thing: unknown): Exposure[] {
  const exposures: Exposure[] = []
  const expose = (how: string, make: () => unknown): void => {
    let made: unknown
    try {
      made = make()
    } catch (thrown) {
      // What cannot be done cannot leak, but the refusal can quote.
      made = describeThrown(thrown)
    }
    if (typeof made === "string") exposures.push({ how, text: made })
  }
  const deep = { depth: Number.POSITIVE_INFINITY, maxArrayLength: null, maxStringLength: null } as const

  expose("inspect", () => inspect(thing, deep))
  expose("inspect with showHidden", () => inspect(thing, { ...deep, showHidden: true, showProxy: true }))
  expose("inspect with getters", () => inspect(thing, { ...deep, showHidden: true, getters: true }))
  expose("inspect without customInspect", () =>
    inspect(thing, { ...deep, showHidden: true, getters: true, customInspect: false }),
  )
  expose("format", () => format("%s %o %O %j", thing, thing, thing, thing))
  expose("JSON", () => JSON.stringify(thing))
  expose("String", () => String(thing))
  expose("a template", () => `${thing as string}`)
  expose("v8.serialize", () => Buffer.from(serialize(thing)).toString("latin1"))
  expose("v8.serialize of wide strings", () => Buffer.from(serialize(thing)).toString("utf16le"))
  expose("structuredClone", () => inspect(structuredClone(thing), { ...deep, showHidden: true }))
  exposures.push(...reachable(thing))
  return exposures
}

function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.message}\n${thrown.stack}` : String(thrown)
  } catch {
    return ""
  }
}

const MOST_OBJECTS = 50_000
const DEEPEST = 30

/** Every string and every run of bytes that can be reached from a thing by keys, entries and getters. */
function* reachable(root: unknown): Generator<Exposure> {
  const seen = new Set<unknown>([globalThis, process])
  const waiting: { value: unknown; path: string; depth: number }[] = [{ value: root, path: "it", depth: 0 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path, depth } = next
    if (typeof value === "string") yield { how: path, text: value }
    if (typeof value === "symbol") yield { how: path, text: value.description ?? "" }
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value))
      continue
    seen.add(value)
    if (seen.size > MOST_OBJECTS)
      throw new Error(`more than ${MOST_OBJECTS} objects can be reached from this`)

    const bytes = bytesOf(value)
    if (bytes !== undefined) {
      yield { how: path, text: bytes.toString("latin1") }
      continue
    }
    if (typeof value === "function") yield { how: `${path}, source`, text: sourceOf(value) }
    if (depth === DEEPEST) continue
    for (const [step, found] of stepsFrom(value))
      waiting.push({ value: found, path: `${path}${step}`, depth: depth + 1 })
  }
}

function bytesOf(value: object): Buffer | undefined {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return types.isAnyArrayBuffer(value) ? Buffer.from(value) : undefined
}

function sourceOf(value: unknown): string {
  return Function.prototype.toString.call(value)
}

function* stepsFrom(value: object): Generator<[step: string, found: unknown]> {
  if (types.isMap(value)) {
    for (const [key, entry] of Map.prototype.entries.call(value)) {
      yield [" (a key)", key]
      yield [" (an entry)", entry]
    }
  }
  if (types.isSet(value)) {
    for (const entry of Set.prototype.values.call(value)) yield [" (an entry)", entry]
  }
  // Accessors stand on prototypes; those of the language itself hold nothing of ours.
  for (let owner: object | null = value; owner !== null && !isBuiltIn(owner); owner = prototypeOf(owner)) {
    for (const key of keysOf(owner)) {
      if (key === "constructor" || (typeof value === "function" && (key === "caller" || key === "arguments")))
        continue
      const step = `.${String(key)}`
      yield [`${step} (the key)`, key]
      try {
        yield [step, Reflect.get(owner, key, value)]
      } catch (thrown) {
        yield [`${step} (thrown)`, thrown]
      }
    }
  }
}

const BUILT_IN: ReadonlySet<object> = new Set(
  [Object, Function, Array, Map, Set, Promise, RegExp, Date, Error, String, Number, Symbol, WeakMap, WeakRef]
    .map(type => type.prototype as object)
    .concat([EventTarget.prototype, AbortSignal.prototype, Object.getPrototypeOf(async () => {}) as object]),
)

function isBuiltIn(owner: object): boolean {
  return BUILT_IN.has(owner)
}

function prototypeOf(owner: object): object | null {
  try {
    return Object.getPrototypeOf(owner) as object | null
  } catch {
    // A hostile proxy; its own keys were all there is to see.
    return null
  }
}

function keysOf(owner: object): (string | symbol)[] {
  try {
    return Reflect.ownKeys(owner)
  } catch {
    return []
  }
}
