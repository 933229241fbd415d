import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  environmentNames,
  isPortableName,
  isSecretError,
  type NameMap,
  type NameOptions,
  type NameRule,
  nameMap,
  PORTABLE_RULE,
  type SecretError,
} from "../../src/core/index.ts"

/** As a vault of a cloud writes names: no slashes, cases not told apart. */
const hyphens: NameRule = {
  rule: "letters, digits and hyphens",
  toNative: portable => portable.replaceAll("/", "--"),
  toPortable(native) {
    const portable = native.replaceAll("--", "/")
    return isPortableName(portable) && portable.replaceAll("/", "--") === native ? portable : undefined
  },
  holds: native => /^[a-z0-9-]{1,127}$/.test(native),
  fold: native => native.toLowerCase(),
}

/** As a store that takes every name. */
const identity: NameRule = {
  rule: "any name",
  toNative: portable => portable,
  toPortable: native => (isPortableName(native) ? native : undefined),
  holds: () => true,
}

const RULES = { "the environment": environmentNames, hyphens, identity }

const segment = fc.stringMatching(/^[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,3}){0,2}$/)
const portable = fc.array(segment, { minLength: 1, maxLength: 3 }).map(segments => segments.join("/"))
const nativeOf = {
  "the environment": fc.stringMatching(/^[A-Za-z_]{1,4}[A-Za-z_0-9]{0,8}$/),
  hyphens: fc.stringMatching(/^[a-zA-Z0-9-]{1,10}$/),
  identity: fc.stringMatching(/^[a-zA-Z.]{1,5}(\/[a-z-]{1,4})?$/),
}

const map = (rule: NameRule, options?: NameOptions): NameMap => nameMap(rule, options, "test:")
const errorOf = (act: () => unknown): SecretError => {
  try {
    act()
  } catch (thrown) {
    expect(isSecretError(thrown)).toBe(true)
    return thrown as SecretError
  }
  throw new Error("nothing was thrown")
}
/** What a call gives, or the code that it throws. */
const tried = (act: () => string | undefined): string | undefined => {
  try {
    return act()
  } catch (thrown) {
    return `!${(thrown as SecretError).code}`
  }
}

for (const [what, rule] of Object.entries(RULES)) {
  describe(`names by the rule of ${what}`, () => {
    it("lead there and back, for every portable name", () => {
      fc.assert(
        fc.property(portable, fc.option(portable, { nil: undefined }), (name, prefix) => {
          const names = map(rule, { prefix })
          const native = tried(() => names.toNative(name))
          fc.pre(!native?.startsWith("!"))
          expect(names.canonical(name)).toBe(name)
          expect(names.toListed(native ?? "")).toBe(name)
        }),
      )
    })

    it("are never the same for two portable names", () => {
      fc.assert(
        fc.property(portable, portable, (one, other) => {
          fc.pre(one !== other)
          const names = map(rule)
          const [a, b] = [tried(() => names.toNative(one)), tried(() => names.toNative(other))]
          expect(a === b && !a?.startsWith("!")).toBe(false)
        }),
      )
    })

    it("are listed so that what is listed can be asked for, also with prefix and renaming", () => {
      const options = fc.record({
        prefix: fc.option(portable, { nil: undefined }),
        rename: fc.dictionary(portable, nativeOf[what as keyof typeof nativeOf], { maxKeys: 3 }),
      })
      fc.assert(
        fc.property(options, nativeOf[what as keyof typeof nativeOf], (options, native) => {
          let names: NameMap
          try {
            names = map(rule, options)
          } catch (thrown) {
            expect((thrown as SecretError).code).toBe("MISCONFIGURED")
            return
          }
          const listed = names.toListed(native)
          if (listed === undefined) return
          expect(names.toNative(listed)).toBe(rule.fold?.(native) ?? native)
          expect(names.canonical(listed)).toBe(listed)
        }),
      )
    })

    it("have one canonical spelling for each secret, whatever the spelling", () => {
      const any = fc.oneof(portable, nativeOf[what as keyof typeof nativeOf])
      const options = fc.record({
        prefix: fc.option(fc.constantFrom("a", "b/c"), { nil: undefined }),
        rename: fc.dictionary(portable, nativeOf[what as keyof typeof nativeOf], { maxKeys: 2 }),
      })
      fc.assert(
        fc.property(options, any, any, (options, one, other) => {
          let names: NameMap
          try {
            names = map(rule, options)
          } catch {
            return
          }
          const [a, b] = [one, other].map(name => ({
            canonical: tried(() => names.canonical(name)),
            native: tried(() => names.toNative(name)),
          }))
          if (a?.canonical?.startsWith("!") || b?.canonical?.startsWith("!")) return
          expect(a?.canonical === b?.canonical).toBe(a?.native === b?.native)
          expect(names.canonical(a?.canonical ?? "")).toBe(a?.canonical)
        }),
      )
    })

    it("refuse escapes before the rule is asked", () => {
      const names = map({
        ...rule,
        holds(native) {
          if (["..", "%", "\u0000", "//"].some(part => native.includes(part)))
            throw new Error("the rule was asked")
          return rule.holds(native)
        },
      })
      for (const name of ["..", "a/../b", "a%2fb", "a\u0000b", "a//b", "", "/"]) {
        expect(tried(() => names.toNative(name))).toBe("!INVALID_NAME")
        expect(tried(() => names.canonical(name))).toBe("!INVALID_NAME")
      }
    })

    it("refuse the reserved segment in every spelling that means it", () => {
      const names = map(rule)
      for (const name of ["latchkey", "latchkey/journal", rule.toNative("latchkey/journal")])
        expect(tried(() => names.toNative(name))).toBe("!INVALID_NAME")
    })

    it("hide what stands below the reserved segment and is no image of a portable name", () => {
      // As ledgers name what they keep: by the service's own name of a secret, and by ids that begin with a digit.
      const own = ["latchkey/Odd_Name", "latchkey/x/0123abcd", "latchkey/x/-"]
        .map(name => rule.fold?.(rule.toNative(name)) ?? rule.toNative(name))
        .filter(rule.holds)
      expect(own.length).toBeGreaterThan(0)
      for (const options of [{}, { prefix: "prod" }, { rename: { other: rule.toNative("elsewhere") } }]) {
        const names = map(rule, options)
        for (const native of own) {
          expect(names.toListed(native), native).toBeUndefined()
          expect(tried(() => names.toNative(native))).toBe("!INVALID_NAME")
        }
      }
      for (const native of own)
        expect(errorOf(() => map(rule, { rename: { a: native } })).message).toContain("is reserved")
    })

    it("hide nothing beside the reserved segment", () => {
      const names = map(rule)
      for (const name of ["latchkey-a", "latchkeya", "latchkey-a/b", "a/latchkey", "latchke/y"])
        expect(names.toListed(rule.toNative(name)), name).toBe(name)
    })
  })
}

describe("the names of environment variables", () => {
  const names = map(environmentNames)

  it("are upper case, with one underscore for a hyphen and two for a slash", () => {
    expect(names.toNative("tally/api-token")).toBe("TALLY__API_TOKEN")
    expect(names.canonical("TALLY__API_TOKEN")).toBe("tally/api-token")
    expect(names.canonical("TALLY_API_KEY")).toBe("tally-api-key")
  })

  it("are their own where no portable name leads to them", () => {
    for (const native of ["lower_case", "_LEADING", "TRAILING_", "A___B", "Mixed", "A_1_", "A__1"])
      expect(names.canonical(native)).toBe(native)
  })

  it("do not end in _FILE, and hold nothing but letters, digits and underscores", () => {
    for (const name of [
      "TOKEN_FILE",
      "token-file",
      "tally/token-file",
      "_FILE",
      "A-B",
      "1A",
      "A B",
      "Ä",
      "A=B",
      "a.b",
    ])
      expect(
        errorOf(() => names.toNative(name)),
        name,
      ).toMatchObject({
        code: "INVALID_NAME",
        store: "test:",
        hint: isPortableName(name)
          ? environmentNames.rule
          : `${PORTABLE_RULE}; any other name is the store's own: ${environmentNames.rule}`,
      })
    expect(names.toListed("TOKEN_FILE")).toBeUndefined()
  })

  it("lists no variable that nobody could ask for, because its name means another", () => {
    expect(names.toListed("home")).toBeUndefined()
    expect(names.toListed("HOME")).toBe("home")
  })
})

describe("names of a service that folds cases", () => {
  const names = map(hyphens)

  it("are one name in every case", () => {
    expect(names.canonical("Tally--API-Token")).toBe("tally/api-token")
    expect(names.toNative("TALLY--API-TOKEN")).toBe("tally--api-token")
    expect(names.canonical("MY---ODD")).toBe("my---odd")
    expect(names.toListed("Tally--Api-Token")).toBe("tally/api-token")
  })

  it("are refused where the service cannot hold them, with the rule", () => {
    expect(errorOf(() => names.toNative("a_b"))).toMatchObject({
      code: "INVALID_NAME",
      hint: `${PORTABLE_RULE}; any other name is the store's own: letters, digits and hyphens`,
    })
    const long = Array.from({ length: 40 }, () => "abc").join("/")
    expect(errorOf(() => names.toNative(long))).toMatchObject({ code: "INVALID_NAME", hint: hyphens.rule })
  })

  it("are refused with the rule that they break, where not all break the same one", () => {
    const two = map({ ...hyphens, broken: native => `${native.length} are too many` })
    const long = Array.from({ length: 40 }, () => "abc").join("/")
    expect(errorOf(() => two.toNative(long)).hint).toBe("198 are too many")
    expect(errorOf(() => two.toNative("a_b")).hint).toContain("the store's own: 3 are too many")
    const renamed = () => map({ ...hyphens, broken: () => "broken" }, { rename: { a: "a_b" } })
    expect(errorOf(renamed).hint).toBe("broken")
  })
})

describe("a prefix", () => {
  const names = map(hyphens, { prefix: "prod/billing" })

  it("stands before every name there, and before none here", () => {
    expect(names.toNative("db")).toBe("prod--billing--db")
    expect(names.canonical("db")).toBe("db")
    expect(names.toListed("prod--billing--db")).toBe("db")
  })

  it("hides what does not stand below it", () => {
    for (const native of ["other", "prod--billing", "prod--billing-two--db", "prod", "odd---name"])
      expect(names.toListed(native), native).toBeUndefined()
  })

  it("takes names by their own spelling only where they stand below it", () => {
    expect(names.canonical("PROD--BILLING--DB")).toBe("db")
    expect(errorOf(() => names.toNative("OTHER")).hint).toContain("under a prefix")
    expect(errorOf(() => names.canonical("odd---name")).code).toBe("INVALID_NAME")
  })

  it("does not let the reserved segment through from below", () => {
    expect(tried(() => names.toNative("latchkey/x"))).toBe("!INVALID_NAME")
    expect(tried(() => names.toNative("PROD--BILLING--LATCHKEY--X"))).toBe("!INVALID_NAME")
  })

  it("is not the reserved segment, nor below it", () => {
    for (const prefix of ["latchkey", "latchkey/journal"])
      expect(errorOf(() => map(hyphens, { prefix }))).toMatchObject({ code: "MISCONFIGURED" })
  })

  it("counts for the length of a name", () => {
    const long = map(identity, { prefix: "p".repeat(300) })
    expect(tried(() => long.toNative("a".repeat(211)))).not.toContain("INVALID_NAME")
    expect(tried(() => long.toNative("a".repeat(212)))).toBe("!INVALID_NAME")
  })

  it("is a portable name", () => {
    for (const prefix of ["Prod", "a/", "/a", "", "a b", "..", "a%"])
      expect(
        errorOf(() => map(hyphens, { prefix })),
        prefix,
      ).toMatchObject({ code: "MISCONFIGURED", store: "test:" })
  })
})

describe("names of a service that puts the first segment last", () => {
  const reversed: NameRule = {
    ...identity,
    toNative: portable => portable.split("/").reverse().join("."),
    toPortable: native => native.split(".").reverse().join("/"),
  }

  it("hide what a reserved name leads to, and nothing that only begins like it", () => {
    const names = map(reversed)
    expect(names.toListed("journal.latchkey")).toBeUndefined()
    for (const native of ["a", "a.b", "latchkey.a"])
      expect(names.toListed(native), native).toBe(reversed.toPortable(native))
  })
})

describe("a renaming", () => {
  const names = map(environmentNames, { rename: { "tally/api-token": "TALLY_API_KEY" } })

  it("leads to the other name, and back", () => {
    expect(names.toNative("tally/api-token")).toBe("TALLY_API_KEY")
    expect(names.canonical("TALLY_API_KEY")).toBe("tally/api-token")
    expect(names.toListed("TALLY_API_KEY")).toBe("tally/api-token")
  })

  it("takes the name away from where it led before", () => {
    expect(names.canonical("TALLY__API_TOKEN")).toBe("TALLY__API_TOKEN")
    expect(names.toNative("TALLY__API_TOKEN")).toBe("TALLY__API_TOKEN")
  })

  it("refuses the portable name whose place it took, and says by what", () => {
    expect(errorOf(() => names.toNative("tally-api-key")).message).toContain('"TALLY_API_KEY" is already')
  })

  it("goes past the prefix", () => {
    const prefixed = map(environmentNames, { prefix: "prod", rename: { token: "TOKEN" } })
    expect(prefixed.toNative("token")).toBe("TOKEN")
    expect(prefixed.canonical("TOKEN")).toBe("token")
    expect(prefixed.toNative("other")).toBe("PROD__OTHER")
  })

  it("hides the secret from which it took the name, where the two could not be told apart", () => {
    const swapped = map(identity, { rename: { a: "b" } })
    expect(swapped.toNative("a")).toBe("b")
    expect(swapped.toListed("b")).toBe("a")
    expect(swapped.toListed("a")).toBeUndefined()
    expect(tried(() => swapped.toNative("b"))).toBe("!INVALID_NAME")
  })

  const wrong: Record<string, NameOptions["rename"]> = {
    "two names lead to the same secret": { a: "X", b: "X" },
    "not a portable name": { "A B": "X" },
    "is reserved": { "latchkey/a": "X" },
    "cannot hold": { a: "X Y" },
    '"LATCHKEY__JOURNAL" is reserved': { a: "LATCHKEY__JOURNAL" },
  }
  for (const [message, rename] of Object.entries(wrong)) {
    it(`is refused when the store is built: ${message}`, () => {
      const error = errorOf(() => map(environmentNames, { ...(rename && { rename }) }))
      expect(error.code).toBe("MISCONFIGURED")
      expect(error.message).toContain(message)
    })
  }

  it("is refused where the service folds two targets into one", () => {
    expect(errorOf(() => map(hyphens, { rename: { a: "Target", b: "tARGET" } })).code).toBe("MISCONFIGURED")
  })
})

describe("a rule that does not map one to one", () => {
  const broken: Record<string, Partial<NameRule>> = {
    "forgets slashes": { toNative: name => name.replaceAll("/", "-"), toPortable: native => native },
    "does not come back": { toPortable: () => undefined },
    "comes back elsewhere": { toPortable: native => `x${native}` },
  }
  for (const [what, change] of Object.entries(broken)) {
    it(`is refused when the store is built: it ${what}`, () => {
      expect(errorOf(() => map({ ...hyphens, ...change })).message).toContain("do not map one to one")
    })
  }

  it("is not blamed for a failure of its own making", () => {
    let calls = 0
    const failing = map({
      ...identity,
      holds() {
        if (++calls > 1) throw new TypeError("a bug of the backend")
        return true
      },
    })
    expect(() => failing.toListed("boom")).toThrow("a bug of the backend")
  })
})
