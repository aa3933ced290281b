/** The text as it stands inside a string of JSON. */
export function jsonInside(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** A piece of JSON that stands outside a string; commas between items may be rendered too. Throws when it is none. */
export function jsonValue(text: string): string {
  if (/^[\s,]*$/.test(text)) return text
  try {
    JSON.parse(text)
    return text
  } catch {
    throw new Error(`outside a string a tag must render to JSON, not to ${JSON.stringify(text.slice(0, 40))}`)
  }
}

/** The text with the marks of light Markdown taken for what they are. */
export function markdownInside(text: string): string {
  return text.replace(/[\\`*_[\]]/g, '\\$&')
}

/** The text as a part of a link's address, which it cannot end. */
export function markdownUrl(text: string): string {
  return text.replace(/[()\s\\<>]/g, (char) => encodeURIComponent(char).replace('(', '%28').replace(')', '%29'))
}

/** The text as HTML or XML has it, in content and in quoted attributes. */
export function htmlInside(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
