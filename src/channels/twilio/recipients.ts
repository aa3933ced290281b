/**
 * The numbers of a text, parted by semicolons, commas or lines, or of a list of such texts, each once: `+` and digits
 * (E.164), or that with `whatsapp:` before it. Spaces, dots, dashes and brackets in a number mean nothing. Throws
 * `RangeError` with the reason when one is no number.
 */
export function parseNumbers(value: string | readonly string[] | undefined): string[] {
  const texts = value === undefined ? [] : typeof value === 'string' ? [value] : value
  const parts = texts.flatMap((text) => text.split(/[;,\n]/)).map((part) => part.trim())
  return [...new Set(parts.filter((part) => part !== '').map(parseNumber))]
}

/** Whether a number or sender is one of WhatsApp. */
export function isWhatsApp(number: string): boolean {
  return number.startsWith(WHATSAPP)
}

/** The number as the sender reaches it: a sender of WhatsApp writes to numbers of WhatsApp. */
export function reachedBy(sender: string, number: string): string {
  return isWhatsApp(sender) && !isWhatsApp(number) ? WHATSAPP + number : number
}

const WHATSAPP = 'whatsapp:'

function parseNumber(text: string): string {
  const number = text.replace(/[\s().\-/\u00a0]/g, '').replace(/^whatsapp:/i, WHATSAPP)
  if (/^(whatsapp:)?\+[1-9]\d{4,14}$/.test(number)) return number
  throw new RangeError(`"${text.slice(0, 50)}" is not a number; write + and the country's code, such as +15551234567`)
}
