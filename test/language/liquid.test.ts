import { describe, expect, test } from 'bun:test'
import { renderLiquid } from '../../src/language/liquid.ts'

const variables = {
  big: 12345678901234567890n,
  map: { x: 1, constructor: 'mine' },
  list: [1, 2],
  none: null,
  createdtime: 1_700_000_000_000,
}

describe('Liquid renders', () => {
  const rendered: [template: string, expected: string][] = [
    ['{{ big }} {{ big | json }} {% if big > 5 %}more{% endif %}', '12345678901234567890 12345678901234567890 more'],
    ['{{ map }} {{ list }} {{ none }}|{{ missing }}|', '{"x":1,"constructor":"mine"} 12 ||'],
    ['{{ map.constructor }}{{ list.constructor }}{{ map.__proto__ }}{{ "a".constructor }}', 'mine'],
    ['{% if (list | size) == 2 and big > 1 %}yes{% endif %}', 'yes'],
    ['{{ createdtime | date: "%Y-%m-%d %H:%M" }} {{ 1700000000 | date: "%H:%M" }}', '2023-11-14 22:13 22:13'],
    ['{% raw %}{{ x }}{% endraw %}{% comment %}{{ nothing }}{% endcomment %}', '{{ x }}'],
  ]
  for (const [template, expected] of rendered)
    test(template, () => {
      expect(renderLiquid(template, variables)).toBe(expected)
    })
})

describe('Liquid refuses', () => {
  const long = 'x'.repeat(1000)
  const refused: [template: string, message: string][] = [
    ['\n{{ a | jsn }}', 'line 2: there is no filter "jsn". Did you mean "json"?'],
    ['{{ a', 'line 1: the tag {{ a is never closed by }}'],
    ['\n\n{% if a %}', 'line 3'],
    ['{% nonsense %}', 'tag "nonsense" not found'],
    ['{% include "/etc/passwd" %}', 'a template cannot include another one'],
    ['{% render "a" %}', 'a template cannot include another one'],
    ['{% for i in (1..1000000000) %}{% endfor %}', 'makes more text'],
    ['{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}', 'takes longer than 250 ms'],
    [`{% for i in (1..9999) %}${long}{% endfor %}`, 'longer than 1000000 characters'],
    [
      `{% capture a %}${long}{% endcapture %}${'{% capture a %}{{ a }}{{ a }}{% endcapture %}'.repeat(40)}`,
      'makes more text',
    ],
    [`{% assign a = "${long}" %}${'{% assign a = a | append: a %}'.repeat(40)}`, 'makes more text'],
  ]
  for (const [template, message] of refused)
    test(template.slice(0, 70), () => {
      expect(() => renderLiquid(template, variables)).toThrow(message)
    })
})
