import { expect, test } from 'bun:test'
import { parseJson } from '../../src/language/expression/json.ts'
import { secretName } from '../../src/manage/mlrun-names.ts'

// Digests that Python's json and hashlib give.
const vectors: [params: string, digest: string][] = [
  ['{"webhook":"https://hooks.example/x"}', '3b6a903180eb1a4167fa9ba99e228243610a361932dfdc8be73f754b'],
  ['{"sensitive":"sensitive-value"}', '4371b0503868b570d467937ef8affc698d5675d4abd8c16386eecae8'],
  ['{"repo":"o/r","token":"t"}', 'a95b38f0114dae4f7b240c4696f2c9460ae16ee031b0b252b31b1b0a'],
  ['{"token":"t","repo":"o/r"}', 'a95b38f0114dae4f7b240c4696f2c9460ae16ee031b0b252b31b1b0a'],
  ['{"b":1,"a":"é"}', 'c373d85b88d35bf92b54fae8698ff036a430a9813303011ed1d4a44b'],
  ['{"a":{"z":[1,2.0,null,true],"y":"x/y"}}', '4476380a879468b3599bdbe4e7d50a8aefcf44c56880ab94d5752707'],
  ['{"password":"q\\"\\\\\\n"}', '643251c4bbd88b2b2548282ac883500b5efc68b061976472ce63eab7'],
  ['{"x":0.1,"y":1e-07,"z":1e+16}', 'bee8adc1b510da336d179b3e50072a962f8113ae3ddf534cb4b55d64'],
  ['{"😀":"k"}', '6d0b5075e05199aa1575bf9878589401a40c3d2e23abb985eed450d0'],
]
for (const [params, digest] of vectors)
  test(`§4.1 ${params}`, () => {
    expect(secretName(parseJson(params))).toBe(`mlrun.notifications.${digest}`)
  })
