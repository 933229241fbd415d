import { expect, test } from "vitest"
import { parseExactly } from "../../src/core/index.ts"

test.each([
  '{"id":12345678901234567890,"all":[1.10,-0,1e400,{"deep":0.1000000000000000055511151231257827}]}',
  '["7",7,true,null,{}]',
  '{"__proto__":{"x":1.0}}',
  "7.0",
])("JSON is written as it was, with its numbers: %s", text => {
  expect(JSON.stringify(parseExactly(text))).toBe(text)
})

test("what is no JSON is refused", () => {
  expect(() => parseExactly('{"id":')).toThrow(SyntaxError)
})
