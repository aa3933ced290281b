import type { Share } from '../channel.ts'
import { individualMails } from './recipients.ts'

/**
 * A share for each mail that `to` asks for with `{"mails": [{"to", "variables"}]}`. Its variables reach templates as
 * `mailVariables`, a JSON text, and each as `mailVariables_<name>`, as in Dataiku's individualised mails.
 */
export function mailShares({ to }: { to?: unknown }): Share[] {
  const taken = new Map<string, number>()
  return individualMails(to).map((mail) => {
    const address = [mail.to].flat().join('; ')
    const count = (taken.get(address) ?? 0) + 1
    taken.set(address, count)
    const named = Object.entries(mail.variables).map(([name, value]) => [`mailVariables_${name}`, value] as const)
    return {
      recipient: count === 1 ? address : `${address} (${count})`,
      settings: { to: mail.to },
      variables: { ...Object.fromEntries(named), mailVariables: JSON.stringify(mail.variables) },
    }
  })
}
