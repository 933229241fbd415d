/**
 * Freezes plain objects and arrays, all the way down. Anything else is left as it is, and not looked into: a frozen
 * `Secret`, `Date` or `URL` would be broken or not be frozen at all, and byte arrays cannot be frozen.
 */
export function deepFreeze<T>(root: T): T {
  // A Set that grows while it is iterated: each object once, also where objects contain themselves.
  const containers = new Set<object>()
  const add = (value: unknown): void => {
    if (isContainer(value)) containers.add(value)
  }
  add(root)
  for (const container of containers) {
    for (const key of Reflect.ownKeys(container)) {
      // By descriptor: a getter is not called.
      add(Object.getOwnPropertyDescriptor(container, key)?.value)
    }
    Object.freeze(container)
  }
  return root
}

function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
