import { printable } from "./error.ts"

const INSPECT = Symbol.for("nodejs.util.inspect.custom")

/**
 * What a secret shows instead of its value. HTTP headers must not hold these quotation marks, so a forgotten
 * `reveal()` fails at once instead of sending this text as a token.
 */
function label(name: string): string {
  return `Secret‹${printable(name)}›`
}

/**
 * Makes the instances of a class print as {@link label} of their `name`, however they are turned into text. The value
 * itself must be kept behind a private field *and* an object or closure: a debugger's preview prints private strings.
 */
export function conceal(type: { readonly prototype: { readonly name: string } }): void {
  const show = {
    value(this: { readonly name: string }): string {
      return label(this.name)
    },
    enumerable: false,
  }
  Object.defineProperties(type.prototype, {
    toString: show,
    toJSON: show,
    [Symbol.toPrimitive]: show,
    [INSPECT]: show,
  })
}
